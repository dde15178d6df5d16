import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { SILENT_MS } from "./limits.ts";
import { forgetLock, isHeld } from "./liveness.ts";
import type { Ports } from "./ports.ts";

/** What became of the worker from which a job was taken. */
export interface Forced {
  readonly pid: number;
  /**
   * `ended`: its process was alive and was ended. `dead`: it was dead already. `alive`: it could not be ended from here; if it wakes, what it
   * writes of the job changes nothing and the handler's signal is aborted.
   */
  readonly worker: "ended" | "dead" | "alive";
}

export interface ForceSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly storePath: string;
  /** The worker of this process, which answers, or this would not run. */
  readonly ownWorker: () => number | undefined;
}

/**
 * Takes a running job from a worker that does not answer, and starts its next run. The worker's process is ended first, so that the job does
 * not run twice at once; what else it ran comes back as it does from a dead worker, and is not blamed. Undefined if the job does not run.
 */
export async function takeByForce(setting: ForceSetting, job: number): Promise<Forced | undefined> {
  const { engine, ports, storePath } = setting;
  const holder = engine.queries.holderOf(job);
  if (holder === undefined) return undefined;
  const { pid } = holder;
  const alive = holder.lock === null || isHeld(storePath, holder.lock);
  let worker: Forced["worker"] = "dead";
  if (alive) {
    const silent = ports.clock.now() - holder.seenAt;
    if (silent < SILENT_MS || holder.worker === setting.ownWorker()) {
      throw new JobQueueError(
        "WORKER_ANSWERS",
        `#${job} runs in a worker that answers (process ${pid}), so it is not taken from it. Cancel it; then it can be retried.`,
      );
    }
    const ended = holder.processStart !== null && (await ports.processes.end(pid, holder.processStart));
    worker = ended ? "ended" : "alive";
  }
  // In one turn of the event loop, so in one transaction.
  const taken = engine.submit("rerun", { id: job, keepSteps: false, force: holder.fence });
  const rest = worker === "alive" ? undefined : engine.submit("takeOver", { worker: holder.worker, ended: alive });
  await Promise.all([taken, rest]);
  if (rest !== undefined && holder.lock !== null) forgetLock(storePath, holder.lock);
  return { pid, worker };
}
