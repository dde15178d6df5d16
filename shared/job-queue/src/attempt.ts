import { backoffDelay } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { type JobHandler, handlerSignal } from "./handler.ts";
import type { FailReason, LogStream, Progress, StoredError } from "./job.ts";
import { LOG_MS, LOG_PIECE, PROGRESS_MS, SETTLE_RETRY_MS } from "./limits.ts";
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
  #lineTimer = false;
  #over = false;
  #decided!: (outcome: Outcome | "release" | "lost") => void;
  /** Resolves with the outcome before the handler returns: a suspension, or a handler given up after its grace. */
  readonly #early = new Promise<Outcome | "release" | "lost">((resolve) => {
    this.#decided = resolve;
  });
  /** True from the moment its outcome is on the way to the store. */
  leaving = false;
  #handlerEnded = false;
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
    const kept = await this.#insist(() => this.setting.engine.submit("settle", { ...this.held, outcome }));
    this.setting.ports.point("after-settle");
    if (!kept) this.abort("lost");
    else if (outcome.kind === "fail") await this.#tellHandler(outcome.error, jobId);
  }

  /** Asks the handler to end. Cancel and time-out give it up after the grace; a stop is given up by the worker. */
  abort(cause: AbortCause): void {
    if (this.#over || this.signal.aborted) return;
    this.#abort.abort(new AttemptAborted(cause));
    if (cause === "lost") this.#decided("lost");
    else if (cause === "cancelled" || cause === "timeout") {
      this.timer(this.setting.grace, () => {
        this.log(
          `The handler did not end within ${this.setting.grace} ms; what it still does changes nothing.`,
          "note",
        );
        this.#decided(this.#abortedOutcome(cause));
      });
    }
  }

  /** Gives the job back at once, whatever the handler does. */
  giveUp(): void {
    this.#decided("release");
  }

  /** Ends the attempt with a waiting state. The thrown error unwinds the handler; swallowing it changes nothing. */
  async suspend(outcome: Outcome): Promise<never> {
    await this.flush();
    if (!this.#over) {
      this.#leave();
      const kept = await this.#insist(() => this.setting.engine.submit("settle", { ...this.held, outcome }));
      this.#abort.abort(new AttemptAborted(kept ? "suspended" : "lost"));
      this.#decided("lost");
    }
    throw this.signal.reason;
  }

  /** Throws if the attempt is over or was asked to end: a handler that only awaits the queue's own calls stops here. */
  assertLive(): void {
    this.signal.throwIfAborted();
  }

  progress(progress: Progress): void {
    if (this.#over) return;
    if (typeof progress?.current !== "number" || !Number.isFinite(progress.current)) {
      throw new JobQueueError("INVALID_OPTION", "progress needs a number `current`.");
    }
    const waiting = this.#progress !== undefined || this.#progressWait !== undefined;
    this.#progress = progress;
    if (!waiting) this.#sendProgress();
  }

  log(text: string, stream: LogStream = "note"): void {
    if (this.#over) return;
    const at = this.setting.ports.clock.now();
    for (let from = 0; from === 0 || from < text.length; from += LOG_PIECE) {
      this.#lines.push({ at, stream, text: text.slice(from, from + LOG_PIECE) });
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
      data = parseData(this.#registered, JSON.parse(this.job.data));
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
      await (handler as JobHandler).onError?.(failure, JSON.parse(this.job.data), jobId);
    } catch (thrown) {
      this.setting.internalError(thrown, `onError of ${this.job.type}`);
    }
  }

  #leave(): void {
    this.#over = true;
    this.leaving = true;
    this.#onLeave();
  }

  /** An outcome is worth waiting for: a store that is busy or full takes it when it can. */
  async #insist(write: () => Promise<boolean>): Promise<boolean> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (error instanceof JobQueueError && error.code === "QUEUE_CLOSED") throw error;
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
      if (progress.details !== undefined) details = toJson(progress.details, "Progress details", this.setting.maxBytes);
    } catch (error) {
      this.setting.internalError(error, `progress of ${this.job.type}`);
    }
    return this.#keep(this.setting.engine.submit("progress", { ...this.held, progress, details }));
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
