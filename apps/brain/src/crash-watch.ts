import type { JobQueue } from "@brains/job-queue";
import type { WorkerKeeper } from "./worker-keeper.ts";

/** How often a front end looks whether the worker died over its jobs. Milliseconds. */
const LOOK_EVERY = 1_000;
/** How long it leaves a worker alone that could not be started. Milliseconds. */
const PAUSE = 30_000;

/**
 * While this front end is open (it may be waiting for a job), a worker that crashed is replaced. A job that is being processed while no worker
 * lives tells a crash from a worker that was stopped: that one gave its jobs back, and stays stopped until somebody asks for more.
 */
export function watchForCrash(queue: JobQueue, keeper: WorkerKeeper): { end(): void } {
  let next = 0;
  const look = async (): Promise<void> => {
    if (Date.now() < next || (await queue.stats()).processing === 0 || (await queue.workers()).length > 0) return;
    next = Date.now() + PAUSE;
    await keeper.ensure();
    next = 0;
  };
  // What goes wrong shows as the keeper's trouble; a store that is busy or closed is looked at another time.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY);
  timer.unref();
  return { end: () => clearInterval(timer) };
}
