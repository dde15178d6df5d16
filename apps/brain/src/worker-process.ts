import { setTimeout as delay } from "node:timers/promises";
import type { JobQueue } from "@brains/job-queue";
import type { BrainOptions } from "@brains/cli";
import { findBrain, openBrainLog, type Brain } from "@brains/shell";
import { writeConfigSchema } from "./config-schema.ts";
import { openBrain } from "./open-brain.ts";
import { appVersion } from "./version.ts";
import { takeOffice, type Office } from "./worker-office.ts";

/** How often, at most, the worker looks whether it has nothing left to do. Milliseconds. */
const LOOK_EVERY = 100;

export interface WorkerOptions extends BrainOptions {
  readonly signal: AbortSignal;
  readonly onReady?: ((worker: { readonly pid: number; readonly home: string }) => void) | undefined;
}

/** Runs jobs until it is told to stop, is asked to drain, or has had nothing to do for the idle time of the config. */
export async function runWorker(options: WorkerOptions): Promise<number> {
  const brain = await findBrain(options);
  const log = openBrainLog({ file: brain.logFile });
  const opened = await openBrain(brain, options.env, { version: appVersion(), plugins: true, log });
  const { queue } = opened;
  let office: Office | undefined;
  try {
    office = await takeOffice(queue, options.signal);
    if (!office) {
      const others = (await queue.workers()).map(({ pid }) => pid);
      const which = others.length > 0 ? ` (pid ${others.join(", ")})` : "";
      process.stderr.write(`A worker runs the jobs of ${brain.home} already${which}.\n`);
      return 0;
    }
    secondSignalEndsAtOnce(options.signal);
    await writeConfigSchema(brain.home);
    await opened.shell.prepareWork();
    await queue.start();
    log.info("worker started", { dir: brain.dir });
    options.onReady?.({ pid: process.pid, home: brain.home });
    const why = await untilTheEnd(queue, brain, options.signal);
    log.info(`worker ends: ${why}`);
    if (why === "drain") options.signal.addEventListener("abort", () => process.exit(143), { once: true });
    await office.leave(queue, why === "drain" ? "drain" : brain.config.worker.grace * 1000);
    return 0;
  } finally {
    await opened.close();
    log.info("worker ended");
  }
}

async function untilTheEnd(queue: JobQueue, brain: Brain, signal: AbortSignal): Promise<"signal" | "drain" | "idle"> {
  const idle = brain.config.worker.idle * 1000;
  let draining = false;
  let busyAt = Date.now();
  const woken = new AbortController();
  queue.worker.onDrain = () => {
    draining = true;
    woken.abort();
  };
  const off = queue.events.on("job-progress", () => (busyAt = Date.now()));
  const either = AbortSignal.any([signal, woken.signal]);
  try {
    for (;;) {
      if (signal.aborted) return "signal";
      if (draining) return "drain";
      if (Date.now() - busyAt >= idle && (await queue.retireIfIdle())) return "idle";
      await delay(Math.max(LOOK_EVERY, idle / 20), undefined, { signal: either }).catch(() => undefined);
    }
  } finally {
    off();
  }
}

/** Whoever asks twice does not want to wait for the jobs; their worker's lock dies with it and they are taken over. */
function secondSignalEndsAtOnce(signal: AbortSignal): void {
  const armed = (): void => {
    for (const [name, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)
      process.on(name, () => process.exit(code));
  };
  if (signal.aborted) armed();
  // The signal that aborts is still being delivered; only the next one counts.
  else signal.addEventListener("abort", () => setImmediate(armed), { once: true });
}
