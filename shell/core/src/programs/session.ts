// The programs of one attempt of a job: judged, approved, started one after the other, and all in one log.
import type { JobQueue } from "@brains/job-queue";
import type { LogStream } from "@brains/job-queue/handler";
import { failJob, isCodedError } from "@brains/plugin";
import type { JobContext, ProgramEnding, ProgramRequest } from "@brains/plugin";
import { Redactor } from "@brains/process";
import type { Tier } from "@brains/process";
import { BrainsError } from "../errors.ts";
import { approvalFor, useApproval } from "./approval.ts";
import { InputReader } from "./input-reader.ts";
import type { JudgeProgram } from "./judge.ts";
import { masked, maskedError } from "./mask.ts";
import { storeMark } from "./marks.ts";
import { AttemptLog } from "./output/attempt-log.ts";
import { removeOutput } from "./output/folder.ts";
import { resolveProgram } from "./resolve.ts";
import type { ResolvedProgram } from "./resolve.ts";
import { runProgram } from "./run.ts";
import { launchOf } from "./sandbox.ts";
import type { ProgramSettings } from "./settings.ts";
import type { Slots } from "./slots.ts";

export interface SessionPorts {
  readonly queue: JobQueue;
  readonly settings: ProgramSettings;
  readonly judge: JudgeProgram;
  readonly now: () => number;
  readonly slots: Slots;
  readonly tier: () => Promise<Tier>;
  /** The shell was stopped: nobody waits for anything that is done later. */
  readonly stopped: () => boolean;
  /** Something that is not waited for before the next job. */
  readonly later: (work: Promise<void>) => void;
}

export class ProgramSession {
  readonly #ports: SessionPorts;
  readonly #job: JobContext;
  readonly #plugin: string;
  readonly #input: InputReader;
  #log: AttemptLog | undefined;
  #opening: Promise<AttemptLog> | undefined;
  #redactor = new Redactor();

  /** `plugin`: with its version. */
  constructor(ports: SessionPorts, job: JobContext, plugin: string) {
    this.#ports = ports;
    this.#job = job;
    this.#plugin = plugin;
    this.#input = new InputReader(job);
  }

  /** A line of the handler: in the programs' log as soon as there is one. */
  log(text: string, stream?: LogStream): void {
    if (this.#log === undefined) return this.#job.log(text, stream);
    this.#log.note(this.#redactor.text(text));
  }

  /** What the handler gives to the store, without the secrets that its programs could see. */
  masked<T>(value: T): T {
    return masked(value, this.#redactor) as T;
  }

  maskedError(error: unknown): unknown {
    return maskedError(error, this.#redactor);
  }

  async run(request: ProgramRequest): Promise<ProgramEnding> {
    try {
      return await this.#run(request);
    } catch (error) {
      // What is refused now is refused again: no try is spent on it.
      if (isCodedError(error) && !this.#job.signal.aborted && FINAL.has(error.code))
        throw failJob(error.message, { code: error.code, cause: error });
      throw error;
    }
  }

  /** The handler has ended. */
  async end(): Promise<void> {
    const log = this.#log ?? (await this.#opening?.catch(() => undefined));
    if (log === undefined) return;
    if (this.#ports.stopped()) return log.close();
    await log.flush();
    // A reader sees the rest before and after; it only takes less room then.
    this.#ports.later(this.#finish(log));
  }

  /** A job that is deleted meanwhile takes its output along, also what was compressed after that. */
  async #finish(log: AttemptLog): Promise<void> {
    const { queue, settings } = this.#ports;
    const { number } = this.#job;
    const isGone = async () => (await queue.service.getStatus(number)) === null;
    try {
      await log.finish();
    } catch (error) {
      if (!(await isGone())) throw error;
    }
    if (await isGone()) await removeOutput(settings.home, number);
  }

  async #run(request: ProgramRequest): Promise<ProgramEnding> {
    const { slots, settings } = this.#ports;
    const job = this.#job;
    // Whoever has to be asked is asked at once, not when it is this program's turn.
    if (slots.full) {
      await this.#cleared(resolveProgram(settings, request));
      this.log(`It waits until one of the ${settings.config.concurrency} running programs has ended.`);
    }
    const giveBack = await slots.take(job.signal);
    try {
      return await this.#start(request);
    } finally {
      giveBack();
    }
  }

  async #start(request: ProgramRequest): Promise<ProgramEnding> {
    const { queue, settings } = this.#ports;
    const job = this.#job;
    const tier = await this.#ports.tier();
    const approval = await this.#cleared(resolveProgram(settings, request));
    const log = await this.#open();
    if (approval !== undefined && !(await useApproval(job, approval)))
      throw new BrainsError("PROGRAM_CHANGED", "The approval was used by another attempt.");
    const { mark, forget } = await storeMark(queue, job, { inputGiven: request.stdin !== undefined });
    try {
      // The store took its time; what runs is what is there now.
      const program = resolveProgram(settings, request);
      const now = await this.#cleared(program, approval?.request);
      if (now?.digest !== approval?.digest) throw new BrainsError("PROGRAM_CHANGED");
      this.#redactor = new Redactor(program.secrets);
      const launch = launchOf(settings, program);
      return await runProgram({ settings, job, program, launch, tier, mark, log, input: this.#input });
    } finally {
      await forget().catch(() => undefined);
    }
  }

  /** What the policy says; the approval where one is needed. Throws where it is denied, and to end an attempt that has to ask. */
  async #cleared(program: ResolvedProgram, using?: string) {
    const { settings } = this.#ports;
    const judgement = this.#ports.judge(program);
    if (judgement.outcome === "deny") {
      const why = judgement.reasons.length === 0 ? "" : ` (${judgement.reasons.join("; ")})`;
      throw new BrainsError("POLICY_DENIED", `The rule "${judgement.rule}" denies to run ${program.executable}${why}.`);
    }
    // Also a program that needs no approval is refused here where its sandbox is not to be had, and not after a person was asked.
    launchOf(settings, program);
    if (judgement.outcome === "allow") return undefined;
    return approvalFor(this.#ports, { job: this.#job, plugin: this.#plugin, using }, program, judgement);
  }

  async #open(): Promise<AttemptLog> {
    const { settings } = this.#ports;
    this.#opening ??= AttemptLog.open(settings.home, this.#job, settings.config.keepMegabytes * 1024 * 1024);
    this.#log = await this.#opening;
    return this.#log;
  }
}

const FINAL: ReadonlySet<string> = new Set([
  "POLICY_DENIED",
  "PROGRAM_NOT_FOUND",
  "PROGRAM_FOLDER",
  "PROGRAM_ENVIRONMENT",
  "PROGRAM_SANDBOX",
  "PROGRAM_CHANGED",
  "PROGRAM_FILE_TOO_LARGE",
  "PROGRAM_NOT_STARTED",
  "INVALID_PROGRAM",
  "INVALID_ENVIRONMENT",
  "PLATFORM_NOT_SUPPORTED",
  "SECRETS_UNSAFE",
  "INVALID_INPUT",
]);
