import { setTimeout as delay } from "node:timers/promises";
import type { HeldLock, JobQueue } from "@brains/job-queue";

/** Held by the worker that claims jobs, from its start until it claims no more: one per brain, however many were started. */
const WORKER_LOCK = "worker";
/** How long a new worker waits for one that is ending to let go. Milliseconds. */
const LIMIT = 15_000;
const TRY_EVERY = 20;
/** What running jobs get when the worker is asked to drain: they were promised a new worker, not an interruption. Milliseconds. */
const DRAIN_GRACE = 15 * 60_000;

/** The right to be the one that claims the brain's jobs. */
export interface Office {
  /** Gives it up and ends the running jobs: at a drain they may finish, otherwise they get so many milliseconds. The first call decides. */
  leave(queue: JobQueue, grace: number | "drain"): Promise<void>;
}

/** The office, or undefined when a worker that goes on claiming jobs has it. One that is about to end is waited for. */
export async function takeOffice(queue: JobQueue, signal?: AbortSignal): Promise<Office | undefined> {
  const deadline = Date.now() + LIMIT;
  while (Date.now() < deadline) {
    if (signal?.aborted === true) return undefined;
    const lock = await queue.acquireLock(WORKER_LOCK);
    if (lock) return office(lock);
    if ((await queue.workers()).some(({ state }) => state === "running")) return undefined;
    await delay(TRY_EVERY, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function office(lock: HeldLock): Office {
  let left: Promise<void> | undefined;
  const leave = async (queue: JobQueue, grace: number | "drain"): Promise<void> => {
    // Seen by every front end from now on, so that none of them counts on this worker.
    if (queue.worker.id !== undefined) await queue.requestDrain(queue.worker.id);
    const stopped = queue.worker.stop({ grace: grace === "drain" ? DRAIN_GRACE : grace });
    // It claims nothing any more, so another may begin while the last jobs of this one finish.
    lock.release();
    await stopped;
  };
  return { leave: (queue, grace) => (left ??= leave(queue, grace)) };
}
