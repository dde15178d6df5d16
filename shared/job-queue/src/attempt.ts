import { backoffDelay } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { type JobHandler, handlerSignal } from "./handler.ts";
import type { FailReason, LogStream, Progress, StoredError } from "./job.ts";
import { DETAILS_BYTES, LOG_ATTEMPT, LOG_MS, LOG_PIECE, PROGRESS_MS, SETTLE_RETRY_MS, SHORT_TEXT } from "./limits.ts";
import type { Backoff } from "./options.ts";
import type { Ports } from "./ports.ts";
import type { ClaimedJob } from "./store/claim.ts";
import type { Outcome } from "./store/settle.ts";
import { type Registered, parseData, toJson } from "./validate.ts";

/** Why the signal of an attempt was aborted; `signal.reason` is this error. */
export type AbortCause = "cancelled" | "timeout" | "lost" | "stopping" | "suspended";
const ABORT_WORDS: Record<AbortCause, string> = {
  cancelled: "The job was cancelled.",
  timeout: "The job ran longer than its time-out.",
  lost: "This attempt was taken over; whatever it still does changes nothing.",
  stopping: "The worker is stopping; the job will run again.",
  suspended: "The job waits and will run again from the top.",
};

export class AttemptAborted extends Error {
  readonly code: AbortCause;
  constructor(code: AbortCause) {
    super(ABORT_WORDS[code]);
    this.name = "AbortError";
    this.code = code;
  }
}

export interface AttemptSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly grace: number;
  readonly maxBytes: number;
  readonly internalError: (error: unknown, where: string) => void;
}

/** One try of a job: runs its handler, gathers what it writes, and settles it exactly once. */
export class Attempt {
  readonly job: ClaimedJob;
  readonly setting: AttemptSetting;
  readonly #registered: Registered;
  readonly #abort = new AbortController();
  readonly #timers = new Set<() => void>();
  #progress: Progress | undefined;
  #progressWait: (() => void) | undefined;
  #lines: { at: number; stream: LogStream; text: string }[] = [];
  #logged = 0;
  #lineTimer = false;
  #over = false;
  /** After a suspension the handler only unwinds: what it says then is not kept. */
  #quiet = false;
  #decided!: (outcome: Outcome | "release" | "lost") => void;
  /** Resolves with the outcome before the handler returns: a suspension, or a handler given up after its grace. */
  readonly #early = new Promise<Outcome | "release" | "lost">((resolve) => {
    this.#decided = resolve;
  });
  /** True from the moment its outcome is on the way to the store. */
  leaving = false;
  #handlerEnded = false;
  /** The waiting state that the handler asked for; settled when it has unwound. */
  #suspension: Outcome | undefined;
  #data: unknown;
  /** Resolves when the handler's own promise has settled, which may be after the attempt ended. */
  handlerDone: Promise<unknown> = Promise.resolve();

  readonly #onLeave: () => void;

  constructor(job: ClaimedJob, registered: Registered, setting: AttemptSetting, onLeave: () => void) {
    this.job = job;
    this.setting = setting;
    this.#onLeave = onLeave;
    this.#registered = registered;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** A handler that was given up but has not ended keeps its slot. */
  get slotFree(): boolean {
    return this.leaving && this.#handlerEnded;
  }

  get held(): { id: number; fence: number } {
    return { id: this.job.id, fence: this.job.fence };
  }

  /** Runs the handler with `context` and settles the job. Never rejects for what the handler does. */
  async run(context: Parameters<JobHandler["process"]>[2], jobId: string): Promise<void> {
    const outcome = await this.#outcome(context, jobId);
    for (const cancel of this.#timers) cancel();
    if (outcome === "lost" || outcome === undefined) return this.#leave();
    await this.flush();
    this.#leave();
    if (outcome === "release") {
      await this.#insist(() => this.setting.engine.submit("release", this.held));
      return;
    }
    this.setting.ports.point("before-settle");
    const { kept, failure } = await this.#settle(outcome);
    this.setting.ports.point("after-settle");
    if (!kept) this.abort("lost");
    else if (failure) await this.#tellHandler(failure, jobId);
  }

  /** Asks the handler to end. Cancel and time-out give it up after the grace; a stop is given up by the worker. */
  abort(cause: AbortCause): void {
    if (this.#over || this.signal.aborted) return;
    this.#quiet = cause === "suspended";
    this.#abort.abort(new AttemptAborted(cause));
    if (cause === "lost") this.#decided("lost");
    else if (cause !== "stopping") {
      this.timer(this.setting.grace, () => {
        this.#quiet = false;
        this.log(
          `The handler did not end within ${this.setting.grace} ms; what it still does changes nothing.`,
          "note",
        );
        this.#decided(this.#aborted());
      });
    }
  }

  /** Gives the job back at once, whatever the handler does. */
  giveUp(): void {
    this.#decided("release");
  }

  /**
   * Ends the attempt with a waiting state. The thrown error unwinds the handler, and only then is the job let go, so that its next attempt
   * does not begin while this one still cleans up; one that does not end is given up after the grace. Swallowing the error changes nothing.
   */
  suspend(outcome: Outcome): never {
    this.assertLive();
    this.#suspension = outcome;
    this.abort("suspended");
    throw this.signal.reason;
  }

  /** Throws if the attempt is over or was asked to end: a handler that only awaits the queue's own calls stops here. */
  assertLive(): void {
    this.signal.throwIfAborted();
  }

  /** What cannot be stored is dropped: a slip in a statement about the work must not fail the work. */
  progress(progress: Progress): void {
    if (this.#over || this.#quiet) return;
    if (typeof progress?.current !== "number" || !Number.isFinite(progress.current)) {
      this.setting.internalError(
        new JobQueueError("INVALID_OPTION", "progress needs a finite number `current`."),
        `progress of ${this.job.type}`,
      );
      return;
    }
    const waiting = this.#progress !== undefined || this.#progressWait !== undefined;
    this.#progress = progress;
    if (!waiting) this.#sendProgress();
  }

  log(text: string, stream: LogStream = "note"): void {
    if (this.#over || this.#quiet || this.#logged > LOG_ATTEMPT) return;
    const at = this.setting.ports.clock.now();
    const words = typeof text === "string" ? text : String(text);
    const into = STREAMS.includes(stream) ? stream : "note";
    for (let from = 0; from === 0 || from < words.length;) {
      const piece = words.slice(from, endOfPiece(words, from));
      from += Math.max(1, piece.length);
      this.#logged += piece.length;
      this.#lines.push({ at, stream: into, text: piece });
      if (this.#logged <= LOG_ATTEMPT) continue;
      this.#lines.push({ at, stream: "note", text: "The log is full; what this attempt still writes is not kept." });
      break;
    }
    if (this.#lineTimer) return;
    this.#lineTimer = true;
    this.timer(LOG_MS, () => {
      this.#lineTimer = false;
      void this.#sendLines();
    });
  }

  /** Submits what was stated and not written yet. Order of submission is order of commit, so it lands before what follows. */
  async flush(): Promise<void> {
    const progress = this.#writeProgress();
    await this.#sendLines();
    await progress;
  }

  timer(ms: number, callback: () => void): () => void {
    const cancel = this.setting.ports.clock.timer(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
    return cancel;
  }

  async #outcome(context: Parameters<JobHandler["process"]>[2], jobId: string): Promise<Outcome | "release" | "lost"> {
    const { options, handler } = this.#registered;
    let data: unknown;
    try {
      this.#data = JSON.parse(this.job.data) as unknown;
      data = this.#data = parseData(this.#registered, this.#data);
    } catch (error) {
      this.#handlerEnded = true;
      return { kind: "fail", reason: "invalid_data", error: storedError(error) };
    }
    const timeout = this.job.timeout ?? options.timeout;
    if (timeout !== undefined && timeout !== null) this.timer(timeout, () => this.abort("timeout"));
    this.setting.ports.point("before-handler");
    const running = (async () => (handler as JobHandler).process(data, jobId, context))().then(
      (value) => this.#returned(value),
      (error: unknown) => this.#threw(error),
    );
    this.handlerDone = running.finally(() => {
      this.#handlerEnded = true;
    });
    const outcome = await Promise.race([this.handlerDone as typeof running, this.#early]);
    this.setting.ports.point("after-handler");
    return outcome;
  }

  #returned(value: unknown): Outcome | "release" | "lost" {
    // Once the signal was aborted the value says nothing: a handler that looked at the signal and returned early has not done its work.
    if (this.signal.aborted) return this.#aborted();
    if (typeof value === "object" && value !== null && (value as { success?: unknown }).success === false) {
      const { error, message } = value as { error?: unknown; message?: unknown };
      const words = typeof error === "string" ? error : typeof message === "string" ? message : undefined;
      return this.#failure("error", { message: words ?? "The handler reported success: false.", data: value }, false);
    }
    try {
      return {
        kind: "complete",
        result: value === undefined ? null : toJson(value, "The result", this.setting.maxBytes),
      };
    } catch (error) {
      return { kind: "fail", reason: "error", error: storedError(error) };
    }
  }

  #threw(error: unknown): Outcome | "release" | "lost" {
    if (this.signal.aborted) return this.#aborted();
    const signal = handlerSignal(error);
    if (signal?.kind === "cancel") return { kind: "cancel", reason: "user", message: (error as Error).message };
    if (signal?.kind === "snooze") return { kind: "snooze", until: this.setting.ports.clock.now() + signal.ms };
    return this.#failure("error", storedError(error), signal?.kind === "fail");
  }

  #aborted(): Outcome | "release" | "lost" {
    const cause = (this.signal.reason as AttemptAborted).code;
    if (cause === "stopping") return "release";
    if (cause === "suspended") return this.#suspension ?? "lost";
    return cause === "cancelled" || cause === "timeout" ? this.#abortedOutcome(cause) : "lost";
  }

  #abortedOutcome(cause: "cancelled" | "timeout"): Outcome {
    if (cause === "cancelled") return { kind: "cancel", reason: "user" };
    return this.#failure(
      "timeout",
      { message: `It ran longer than its time-out of ${this.job.timeout ?? this.#registered.options.timeout} ms.` },
      false,
    );
  }

  #failure(reason: FailReason, error: StoredError, final: boolean): Outcome {
    if (final || this.job.attempt >= this.job.maxAttempts) return { kind: "fail", reason, error };
    const backoff =
      this.job.backoff === null ? this.#registered.options.backoff : (JSON.parse(this.job.backoff) as Backoff);
    return { kind: "again", error, delay: backoffDelay(backoff, this.job.attempt, this.setting.ports.random) };
  }

  async #tellHandler(error: StoredError, jobId: string): Promise<void> {
    const { handler } = this.#registered;
    if (!handler.onError) return;
    try {
      const failure = Object.assign(new Error(error.message), { code: error.code, data: error.data });
      await (handler as JobHandler).onError?.(failure, this.#data, jobId);
    } catch (thrown) {
      this.setting.internalError(thrown, `onError of ${this.job.type}`);
    }
  }

  #leave(): void {
    this.#over = true;
    this.leaving = true;
    this.#onLeave();
  }

  async #settle(outcome: Outcome): Promise<{ kept: boolean; failure?: StoredError | undefined }> {
    const write = (each: Outcome) =>
      this.#insist(() => this.setting.engine.submit("settle", { ...this.held, outcome: each }));
    try {
      return { kept: await write(outcome), failure: outcome.kind === "fail" ? outcome.error : undefined };
    } catch (error) {
      if (error instanceof JobQueueError && error.code === "QUEUE_CLOSED") throw error;
      this.setting.internalError(error, `settling #${this.job.id}`);
      const failure = { message: `The store refused the outcome of this attempt: ${(error as Error).message}` };
      return { kept: await write({ kind: "fail", reason: "error", error: failure }), failure };
    }
  }

  /** An outcome is worth waiting for: a store that is busy, full or unreadable takes it when it can. What it can never take is thrown. */
  async #insist(write: () => Promise<boolean>): Promise<boolean> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof JobQueueError) || !PASSING.has(error.code)) throw error;
        this.setting.internalError(error, `settling #${this.job.id}`);
        await new Promise<void>((resolve) => void this.setting.ports.clock.timer(SETTLE_RETRY_MS, resolve));
      }
    }
  }

  #sendProgress(): void {
    void this.#writeProgress();
    this.#progressWait = this.timer(PROGRESS_MS, () => {
      this.#progressWait = undefined;
      if (this.#progress !== undefined) this.#sendProgress();
    });
  }

  #writeProgress(): Promise<void> | undefined {
    const progress = this.#progress;
    if (progress === undefined) return undefined;
    this.#progress = undefined;
    let details: string | null = null;
    try {
      if (progress.details !== undefined) details = toJson(progress.details, "Progress details", DETAILS_BYTES);
    } catch (error) {
      this.setting.internalError(error, `progress of ${this.job.type}`);
    }
    const { current, total, unit, message } = progress;
    const stated = {
      current,
      total: typeof total === "number" && Number.isFinite(total) ? total : undefined,
      unit: shortText(unit),
      message: shortText(message),
    };
    return this.#keep(this.setting.engine.submit("progress", { ...this.held, progress: stated, details }));
  }

  #sendLines(): Promise<void> | undefined {
    if (this.#lines.length === 0) return undefined;
    const lines = this.#lines;
    this.#lines = [];
    return this.#keep(this.setting.engine.submit("log", { ...this.held, lines }));
  }

  /** A write that changed nothing means that the attempt was lost. */
  async #keep(write: Promise<boolean>): Promise<void> {
    try {
      if (!(await write)) this.abort("lost");
    } catch (error) {
      this.setting.internalError(error, `a write of #${this.job.id}`);
    }
  }
}

const STREAMS: readonly string[] = ["stdout", "stderr", "note"] satisfies LogStream[];

/** Troubles of a store that pass: what it refuses now it may take later. */
const PASSING: ReadonlySet<string> = new Set(["STORE_BUSY", "STORE_FULL", "STORE_UNREADABLE"]);

const shortText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, SHORT_TEXT) : undefined;

/** Where a piece of a line that starts here ends: never between the halves of a surrogate pair. */
function endOfPiece(text: string, from: number): number {
  const end = from + LOG_PIECE;
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

function storedError(error: unknown): StoredError {
  if (!(error instanceof Error))
    return {
      message: typeof error === "string" ? error : `The handler threw ${JSON.stringify(error) ?? String(error)}.`,
    };
  const { code, data } = error as { code?: unknown; data?: unknown };
  let kept: unknown;
  try {
    kept = data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown);
  } catch {
    kept = undefined;
  }
  return {
    message: error.message || error.name,
    code: typeof code === "string" ? code : undefined,
    stack: error.stack,
    data: kept,
  };
}
