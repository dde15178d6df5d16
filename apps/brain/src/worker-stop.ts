import { setTimeout as delay } from "node:timers/promises";
import type { BrainOptions } from "@brains/cli";
import { findBrain } from "@brains/shell";
import { openBrain } from "./open-brain.ts";
import { appVersion } from "./version.ts";

/** Milliseconds that a worker gets to end after SIGTERM, unless told otherwise: its grace time and some. */
const STOP_LIMIT = 20_000;

/** Asks every worker of the brain to stop and waits for it. Interrupted jobs go on with the next worker. */
export async function stopWorkers(options: BrainOptions & { readonly timeout?: number | undefined }): Promise<{ stopped: number[]; stillRunning: number[] }> {
  const brain = await findBrain(options);
  const opened = await openBrain(brain, options.env, { version: appVersion(), plugins: false });
  try {
    // A row whose lock is free belongs to a dead worker and is not listed, so no pid here was given to somebody else since.
    const pids = (await opened.queue.workers()).map(({ pid }) => pid).filter((pid) => pid !== process.pid);
    for (const pid of pids) send(pid, "SIGTERM");
    const deadline = Date.now() + (options.timeout ?? STOP_LIMIT);
    while (pids.some(isAlive) && Date.now() < deadline) await delay(20);
    return { stopped: pids.filter((pid) => !isAlive(pid)), stillRunning: pids.filter(isAlive) };
  } finally {
    await opened.close();
  }
}

function isAlive(pid: number): boolean {
  return send(pid, 0);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    // EPERM: it lives, as somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
