import type { AsyncLocalStorage } from "node:async_hooks";
import type { Origin } from "@brains/job-queue/handler";
import type { Caller, Logger } from "@brains/plugin";
import type { JobQueue } from "@brains/job-queue";
import type { BrainPrograms } from "./programs/lazy.ts";

/** Something that a call enqueued. */
export interface Enqueued {
  readonly kind: "job" | "batch";
  readonly id: string;
  readonly number: number;
  readonly label: string;
  /** Of a batch; undefined of one that is still planned. */
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  readonly duplicate: boolean;
}

/** On whose behalf code of a plugin runs at the moment: one tool call, one attempt of a job, or the plugin itself. */
export interface Scope {
  readonly caller: Caller;
  readonly origin: Origin;
  /** What everything enqueued here waits for. */
  readonly after: readonly (string | number)[];
  /** Gives the idempotency key of the next enqueue; undefined where the call has no key. Taken synchronously, so the n-th enqueue is the n-th in each repeat. */
  nextKey(): string | undefined;
  /** In the order of their commits. */
  readonly enqueued: Enqueued[];
}

/** What the parts of a shell share. */
export interface Environment {
  readonly queue: JobQueue;
  readonly scopes: AsyncLocalStorage<Scope>;
  readonly log: Logger;
  readonly brainDir: string;
  readonly home: string;
  /** Told after anything that may have made a job runnable. */
  readonly onRunnable: () => void;
  readonly now: () => number;
  readonly programs: BrainPrograms;
  callTool(name: string, input: unknown, scope: Scope): Promise<unknown>;
  listTools(caller: Caller): readonly { readonly name: string; readonly description: string }[];
}

export function newScope(
  caller: Caller,
  origin: Origin,
  options: { key?: string | undefined; after?: readonly (string | number)[] | undefined } = {},
): Scope {
  let used = 0;
  return {
    caller,
    origin,
    after: options.after ?? [],
    nextKey: () => (options.key === undefined ? undefined : `${options.key}#${++used}`),
    enqueued: [],
  };
}
