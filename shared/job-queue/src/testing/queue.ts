import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobQueue, openJobQueue } from "../queue.ts";
import type { QueueOptions } from "../options.ts";
import type { PointName, Ports } from "../ports.ts";
import { type ManualClock, manualClock, turns } from "./clock.ts";
import { JobSpy } from "./spy.ts";

export interface TestQueue extends JobQueue {
  readonly clock: ManualClock;
  readonly spy: JobSpy;
  readonly path: string;
  /** Errors of listeners and hooks, which a queue swallows. */
  readonly internalErrors: { error: unknown; where: string }[];
  /** Runs until nothing is claimable, running or due within `within` milliseconds (default: a day) of the manual clock. */
  drain(options?: { within?: number }): Promise<void>;
  /** Opens another queue on the same file, as a second process would. */
  again(options?: Partial<QueueOptions>): Promise<TestQueue>;
  /** Stops everything that was opened and removes the file. */
  dispose(): Promise<void>;
}

/** A queue on a file of its own in a temporary folder, with a clock that only the test moves. */
export async function openTestQueue(options: Partial<QueueOptions> & { clock?: ManualClock } = {}): Promise<TestQueue> {
  const { clock = manualClock(), ...given } = options;
  const folder = given.path === undefined ? mkdtempSync(join(tmpdir(), "queue-")) : undefined;
  const opened: JobQueue[] = [];
  const queue = await open({ ...given, path: given.path ?? join(folder as string, "queue.db") }, clock, opened);
  return {
    ...queue,
    async dispose() {
      for (const each of opened) each.crash();
      await turns();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function open(
  options: QueueOptions,
  clock: ManualClock,
  opened: JobQueue[],
): Promise<Omit<TestQueue, "dispose"> & { dispose(): Promise<void> }> {
  const internalErrors: { error: unknown; where: string }[] = [];
  const queue = await openJobQueue({
    durability: "process",
    onInternalError: (error, where) => internalErrors.push({ error, where }),
    ...options,
    ports: { clock, ...options.ports },
  });
  opened.push(queue);
  return {
    ...queue,
    clock,
    spy: new JobSpy(queue),
    path: options.path,
    internalErrors,
    async drain({ within = 86_400_000 } = {}) {
      for (let left = within; ;) {
        await turns();
        const { ready, processing, delayed } = await queue.stats();
        if (processing > 0 || (ready > 0 && queue.worker.state === "running")) {
          await clock.advance(10);
          continue;
        }
        if (delayed === 0 || left <= 0) return;
        await clock.advance(1_000);
        left -= 1_000;
      }
    },
    again: (more = {}) => open({ ...options, ...more }, clock, opened),
    dispose: async () => queue.crash(),
  };
}

/**
 * Ports that crash the queue the `nth` time it comes to a point: everything after that point does not happen, as after kill -9. Give the
 * queue to `crashed` to learn when.
 */
export function crashAt(
  point: PointName,
  nth = 1,
): { ports: Pick<Ports, "point">; arm(queue: JobQueue): void; readonly crashed: boolean } {
  let seen = 0;
  let target: JobQueue | undefined;
  let crashed = false;
  return {
    ports: {
      point(name) {
        if (crashed || target === undefined || name !== point || ++seen < nth) return;
        crashed = true;
        target.crash();
        throw new Error(`crashed at ${point}`);
      },
    },
    arm(queue) {
      target = queue;
    },
    get crashed() {
      return crashed;
    },
  };
}
