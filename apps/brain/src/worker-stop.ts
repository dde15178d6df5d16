import { setTimeout as delay } from "node:timers/promises";
import type { BrainOptions, StopReport } from "@brains/cli";
import { findBrain } from "@brains/shell";
import { openBrain } from "./open-brain.ts";
import { appVersion } from "./version.ts";

/** Milliseconds that a worker gets to end after SIGTERM, unless told otherwise: its grace time and some. */
const STOP_LIMIT = 20_000;

/** Asks every worker of the brain to stop and waits for it. Interrupted jobs go on with the next worker. */
export async function stopWorkers(
  options: BrainOptions & { readonly timeout?: number | undefined },
): Promise<StopReport> {
  const brain = await findBrain(options);
  const opened = await openBrain(brain, options.env, { version: appVersion(), plugins: false });
  try {
    // A listed worker holds a lock that dies with its process, so no pid here was given to somebody else since.
    const asked = await opened.queue.workers();
    for (const { pid } of asked) terminate(pid);
    const deadline = Date.now() + (options.timeout ?? STOP_LIMIT);
    let left = asked;
    while (left.length > 0 && Date.now() < deadline) {
      await delay(20);
      left = (await opened.queue.workers()).filter(({ id }) => asked.some((worker) => worker.id === id));
    }
    const pidsOf = (workers: typeof asked): number[] => workers.map(({ pid }) => pid);
    return {
      stopped: pidsOf(asked.filter(({ id }) => left.every((worker) => worker.id !== id))),
      stillRunning: pidsOf(left.filter(({ state }) => state !== "running")),
      // The first thing that a worker does when it is told to stop is to say so.
      notAnswering: pidsOf(left.filter(({ state }) => state === "running")),
    };
  } finally {
    await opened.close();
  }
}

function terminate(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It ended by itself, or belongs to somebody else and will be reported as still running.
  }
}
