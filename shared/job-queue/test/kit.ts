import { onTestFinished } from "vitest";
import type { Random } from "../src/ports.ts";
import type { Database } from "../src/sqlite.ts";
import { type Store, createStore } from "../src/store/store.ts";
import { type TestQueue, openTestQueue } from "../src/testing/index.ts";

/** A test queue that goes away with the test. */
export async function openQueue(options: Parameters<typeof openTestQueue>[0] = {}): Promise<TestQueue> {
  const queue = await openTestQueue(options);
  onTestFinished(() => queue.dispose());
  return queue;
}

/** Another process on the queue's file whose clock is ahead, so that to it every worker has been silent for a minute. */
export async function impatient(queue: TestQueue): Promise<TestQueue> {
  const { clock } = queue;
  return queue.again({ ports: { clock: { now: () => clock.now() + 60_000, timer: clock.timer } } });
}

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A promise that the test resolves. */
export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** The code of the coded error that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );
}

/** The store alone, without engine or worker. */
export function createTestStore(db: Database, random: Random): Store {
  return createStore(db, { random, now: Date.now, maxBytes: 1_000_000 });
}
