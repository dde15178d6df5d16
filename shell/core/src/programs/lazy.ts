// Programs for a shell that may never run one: what runs them is loaded when the first one is asked for.
import type { JobQueue } from "@brains/job-queue";
import type { LogStream } from "@brains/job-queue/handler";
import type { JobContext, Logger, ProgramEnding, ProgramRequest, Programs } from "@brains/plugin";
import { messageOf } from "../errors.ts";
import { MARKS } from "./marked.ts";
import { jobsWithOutput } from "./output/folder.ts";
import type { OpenPrograms } from "./programs.ts";
import type { ProgramSession } from "./session.ts";
import type { SettingsInput } from "./settings.ts";
import { tidy } from "./tidy.ts";

export interface BrainPrograms extends Programs {
  /** `plugin`: with its version. */
  ofJob(job: JobContext, plugin: string): JobPrograms;
  /** To be called by a worker before it claims jobs: ends what programs of dead workers left behind, and removes output of jobs that are gone. */
  prepareWork(): Promise<void>;
  /** Removes what belongs to jobs that are gone. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProgramPorts extends SettingsInput {
  readonly queue: JobQueue;
  readonly log: Logger;
  readonly now: () => number;
}

const HOUSEKEEPING_MS = 3_600_000;

export function lazyPrograms(ports: ProgramPorts): BrainPrograms {
  const { queue, home, log } = ports;
  let opened: Promise<OpenPrograms> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const open = () => (opened ??= import("./programs.ts").then(({ openPrograms }) => openPrograms(ports)));
  const clean = () =>
    tidy(queue, home).catch((error: unknown) =>
      log.warn("removing output of deleted jobs failed", { error: messageOf(error) }),
    );
  return {
    judge: async (request) => (await open()).judge(request),
    policy: async () => (await open()).policy(),
    ofJob: (job, plugin) => new JobPrograms(job, async () => (await open()).session(job, plugin)),
    async prepareWork() {
      if ((await queue.kv.list(MARKS)).length > 0) await (await open()).sweep();
      if ((await jobsWithOutput(home)).length > 0) await clean();
      timer ??= setInterval(() => void clean(), HOUSEKEEPING_MS).unref();
    },
    tidy: clean,
    async stop() {
      clearInterval(timer);
      await (await opened?.catch(() => undefined))?.stop();
    },
  };
}

/** Programs of one attempt of a job. Made for every attempt, so it holds nothing until a program is asked for. */
export class JobPrograms {
  readonly #job: JobContext;
  readonly #open: () => Promise<ProgramSession>;
  #opening: Promise<ProgramSession> | undefined;
  #session: ProgramSession | undefined;

  constructor(job: JobContext, open: () => Promise<ProgramSession>) {
    this.#job = job;
    this.#open = open;
  }

  /** Whether a program was asked for. */
  get used(): boolean {
    return this.#opening !== undefined;
  }

  async run(request: ProgramRequest): Promise<ProgramEnding> {
    this.#opening ??= this.#open().then((session) => (this.#session = session));
    return (await this.#opening).run(request);
  }

  /** What the handler gives to the store, without the secrets that its programs could see. */
  masked<T>(value: T): T {
    return this.#session === undefined ? value : this.#session.masked(value);
  }

  maskedError(error: unknown): unknown {
    return this.#session === undefined ? error : this.#session.maskedError(error);
  }

  /** A line of the handler: in the programs' log as soon as there is one. */
  log(text: string, stream?: LogStream): void {
    if (this.#session === undefined) this.#job.log(text, stream);
    else this.#session.log(text, stream);
  }

  /** The handler has ended. */
  async end(): Promise<void> {
    const session = await this.#opening?.catch(() => undefined);
    await session?.end();
  }
}
