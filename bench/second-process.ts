// A worker in a process of its own, for what happens between processes. Argument: the folder of the store.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { JobContext } from "../shared/job-queue/src/index.ts";
import { openQueue } from "./contenders/queue.ts";
import { RESULT, TYPE } from "./payload.ts";

/** Jobs of this type run until they are cancelled or their process is killed. */
export const ENDLESS = "bench:endless";
/** Jobs of this type ask once, and end when they were answered. */
export const ASKING = "bench:asking";

/** A handler has started: which job, and when (nanoseconds of the machine's monotonic clock, which all processes share). */
export interface Report {
  readonly number: number;
  readonly at: string;
}

export class SecondProcess {
  readonly #child: ChildProcess;
  /** Called for each start of a handler over there. */
  onReport: (report: Report) => void = () => undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: Report | "ready") => {
      if (message !== "ready") this.onReport(message);
    });
  }

  /** Resolves when the worker over there runs. */
  static async start(folder: string): Promise<SecondProcess> {
    const child = fork(import.meta.filename, [folder], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
    return new SecondProcess(child);
  }

  /** Dead when this resolves. */
  async kill(): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

export const monotonic = (): bigint => process.hrtime.bigint();
export const millisecondsSince = (from: bigint, to: bigint): number => Number(to - from) / 1e6;

async function serve(folder: string): Promise<void> {
  const queue = await openQueue(folder);
  const report = (job: JobContext): void => {
    const at = String(monotonic());
    process.send?.({ number: job.number, at } satisfies Report);
  };
  queue.registerHandler(TYPE, {
    process: async (_data, _id, job) => {
      report(job);
      return RESULT;
    },
  });
  queue.registerHandler(ENDLESS, {
    process: (_data, _id, job) => {
      report(job);
      return new Promise((_, reject) =>
        job.signal.addEventListener("abort", () => reject(job.signal.reason as Error), { once: true }),
      );
    },
  });
  queue.registerHandler(ASKING, {
    process: async (_data, _id, job) => (await job.requestDecision({ question: "Go on?" })).choice,
  });
  await queue.start();
  process.send?.("ready");
  process.once("disconnect", () => process.exit());
}

if (process.argv[1] === import.meta.filename) await serve(process.argv[2] as string);
