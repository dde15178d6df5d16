import { type AbortCause, AttemptAborted } from "./abort.ts";
import { backoffDelay } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { checksumOf } from "./checksum.ts";
import { JobQueueError } from "./errors.ts";
import { type InputPiece, type JobHandler, handlerSignal } from "./handler.ts";
import { Input } from "./input.ts";
import type { FailReason, LogStream, Progress, StoredError } from "./job.ts";
import { SETTLE_RETRY_MS } from "./limits.ts";
import type { Backoff } from "./options.ts";
import { Output } from "./output.ts";
import type { Ports } from "./ports.ts";
import type { ClaimedJob } from "./store/claim.ts";
import type { Outcome } from "./store/settle.ts";
import { storedError } from "./stored-error.ts";
import { type Registered, parseData, toJson } from "./validate.ts";

/** A stall is noticed after its limit, and at most this share of it later. */
const STALL_LOOKS = 4;

export interface AttemptSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly grace: number;
  readonly maxBytes: number;
  readonly internalError: (error: unknown, where: string) => void;
}

/** What the worker is told of an attempt. */
export interface AttemptHooks {
  /** Its outcome is about to be submitted. */
  leaving(): void;
  /** The attempt is over and its handler has ended, one after the other. */
  settled(attempt: Attempt): void;
  handlerEnded(attempt: Attempt): void;
}

/** What becomes of an attempt: an outcome to settle, a job to give back, or nothing because it was lost. */
type End = Outcome | "release" | "lost";

/** One try of a job: runs its handler, gathers what it writes, and settles it exactly once. */
export class Attempt {
  readonly job: ClaimedJob;
  readonly setting: AttemptSetting;
  readonly #registered: Registered;
  readonly #hooks: AttemptHooks;
  #jobId = "";
  /** Made when somebody looks at the signal: most handlers of short jobs never do. */
  #controller: AbortController | undefined;
  #aborted: AttemptAborted | undefined;
  #timers: Set<() => void> | undefined;
  #said: Output | undefined;
  #input: Input | undefined;
  /** Since the last look of the stall limit, the handler has shown that it goes on. */
  #heard = false;
  /** What becomes of it is decided: by the handler's end, by a suspension, or by giving the handler up. The first decision stands. */
  #decided = false;
  #over = false;
  /** After a suspension the handler only unwinds: what it says then is not kept. */
  #quiet = false;
  /** True from the moment its outcome is on the way to the store. */
  leaving = false;
  /** True when the handler's own promise has settled, which may be long after the attempt ended. */
  handlerEnded = false;
  /** The waiting state that the handler asked for; settled when it has unwound. */
  #suspension: Outcome | undefined;
  #data: unknown;

  constructor(job: ClaimedJob, registered: Registered, setting: AttemptSetting, hooks: AttemptHooks) {
    this.job = job;
    this.setting = setting;
    this.#registered = registered;
    this.#hooks = hooks;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** A handler that was given up but has not ended keeps its slot. */
  get slotFree(): boolean {
    return this.leaving && this.handlerEnded;
  }

  get held(): { id: number; fence: number } {
    return { id: this.job.id, fence: this.job.fence };
  }

  /** Runs the handler with `context` and settles the job. Never throws for what the handler does. Plain callbacks, because this is done for every job. */
  run(context: Parameters<JobHandler["process"]>[2], jobId: string): void {
    const { options, handler } = this.#registered;
    this.#jobId = jobId;
    let running: unknown;
    try {
      assertUndamaged(this.job);
      this.#data = JSON.parse(this.job.data) as unknown;
      this.#data = parseData(this.#registered, this.#data);
    } catch (error) {
      this.#ended();
      return this.#decide({ kind: "fail", reason: "invalid_data", error: storedError(error) });
    }
    const timeout = this.job.timeout ?? options.timeout;
    if (timeout !== undefined && timeout !== null) this.timer(timeout, () => this.abort("timeout"));
    if (options.stallAfter !== undefined) this.#watchStall(options.stallAfter / STALL_LOOKS, STALL_LOOKS);
    this.setting.ports.point("before-handler");
    try {
      running = (handler as JobHandler).process(this.#data, jobId, context);
    } catch (error) {
      running = Promise.reject(error);
    }
    Promise.resolve(running).then(
      (value) => this.#handlerDid(() => this.#returned(value)),
      (error: unknown) => this.#handlerDid(() => this.#threw(error)),
    );
  }

  /** Looks several times within the limit, each by a timer of its own: a process that was stopped, or a clock that was set, is no stall. */
  #watchStall(ms: number, left: number): void {
    this.timer(ms, () => {
      const heard = this.#heard || this.#input?.waits === true;
      this.#heard = false;
      if (heard) this.#watchStall(ms, STALL_LOOKS);
      else if (left > 1) this.#watchStall(ms, left - 1);
      else this.abort("stalled");
    });
  }

  /** The handler has shown that it goes on. */
  heard(): void {
    this.#heard = true;
  }

  /** Asks the handler to end. Cancel, stall and time-out give it up after the grace; a stop is given up by the worker. */
  abort(cause: AbortCause): void {
    if (this.#over || this.#aborted) return;
    this.#quiet = cause === "suspended";
    this.#aborted = new AttemptAborted(cause);
    this.#controller?.abort(this.#aborted);
    this.#input?.abort(this.#aborted);
    if (cause === "lost") this.#decide("lost");
    else if (cause !== "stopping") {
      this.timer(this.setting.grace, () => {
        this.#quiet = false;
        this.log(
          `The handler did not end within ${this.setting.grace} ms; what it still does changes nothing.`,
          "note",
        );
        this.#decide(this.#afterAbort());
      });
    }
  }

  /** Gives the job back at once, whatever the handler does. */
  giveUp(): void {
    this.#decide("release");
  }

  /**
   * Ends the attempt with a waiting state. The thrown error unwinds the handler, and only then is the job let go, so that its next attempt
   * does not begin while this one still cleans up; one that does not end is given up after the grace. Swallowing the error changes nothing.
   */
  suspend(outcome: Outcome): never {
    this.assertLive();
    this.#suspension = outcome;
    this.abort("suspended");
    throw this.#aborted ?? new AttemptAborted("lost");
  }

  /** Throws if the attempt is over or was asked to end: a handler that only awaits the queue's own calls stops here. */
  assertLive(): void {
    if (this.#aborted) throw this.#aborted;
  }

  progress(progress: Progress): void {
    this.#heard = true;
    if (!this.#over && !this.#quiet) this.#output().progress(progress);
  }

  log(text: string, stream?: LogStream): void {
    this.#heard = true;
    if (!this.#over && !this.#quiet) this.#output().log(text, stream);
  }

  /** Made when the handler states something: most short ones never do. */
  #output(): Output {
    const { engine, ports, internalError } = this.setting;
    return (this.#said ??= new Output({
      engine,
      clock: ports.clock,
      held: this.held,
      type: this.job.type,
      internalError,
      timer: (ms, callback) => this.timer(ms, callback),
      lost: () => this.abort("lost"),
    }));
  }

  readInput(): Promise<InputPiece | null> {
    if (this.#aborted) return handled(Promise.reject(this.#aborted));
    this.#heard = true;
    return handled(this.#inputs().read());
  }

  waitsForInput(waits: boolean): void {
    this.#heard = true;
    if (!this.#over && !this.#quiet) this.#inputs().state(waits);
  }

  /** Something was asked of a job of this worker. */
  lookForInput(): void {
    this.#input?.look();
  }

  #inputs(): Input {
    const { engine, internalError } = this.setting;
    return (this.#input ??= new Input({
      engine,
      job: this.job,
      internalError,
      timer: (ms, callback) => this.timer(ms, callback),
      lost: () => this.abort("lost"),
    }));
  }

  timer(ms: number, callback: () => void): () => void {
    const timers = (this.#timers ??= new Set());
    const cancel = this.setting.ports.clock.timer(ms, () => {
      timers.delete(cancel);
      callback();
    });
    timers.add(cancel);
    return cancel;
  }

  #handlerDid(end: () => End): void {
    this.#ended();
    try {
      const decision = end();
      this.setting.ports.point("after-handler");
      this.#decide(decision);
    } catch (error) {
      this.setting.internalError(error, `running #${this.job.id}`);
    }
  }

  #ended(): void {
    this.handlerEnded = true;
    this.#hooks.handlerEnded(this);
  }

  #returned(value: unknown): End {
    // Once the signal was aborted the value says nothing: a handler that looked at the signal and returned early has not done its work.
    if (this.#aborted) return this.#afterAbort();
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

  #threw(error: unknown): End {
    const signal = handlerSignal(error);
    if (this.#aborted) return this.#afterAbort(signal?.kind === "aborted" ? ` ${(error as Error).message}` : "");
    if (signal?.kind === "cancel") return { kind: "cancel", reason: "user", message: (error as Error).message };
    if (signal?.kind === "snooze") return { kind: "snooze", until: this.setting.ports.clock.now() + signal.ms };
    return this.#failure("error", storedError(error), signal?.kind === "fail");
  }

  /** `note` is what the handler says of how it was stopped. */
  #afterAbort(note = ""): End {
    const cause = this.#aborted?.code;
    if (cause === "stopping") return "release";
    if (cause === "suspended") return this.#suspension ?? "lost";
    if (cause === "cancelled")
      return { kind: "cancel", reason: "user", message: note === "" ? undefined : `The job was cancelled.${note}` };
    const { timeout, stallAfter } = this.#registered.options;
    if (cause === "timeout") {
      const message = `It ran longer than its time-out of ${this.job.timeout ?? timeout} ms.${note}`;
      return this.#failure("timeout", { message }, false);
    }
    if (cause !== "stalled") return "lost";
    const message = `It showed no sign of progress for ${stallAfter} ms.${note}`;
    return this.#failure("stalled", { message }, false);
  }

  #failure(reason: FailReason, error: StoredError, final: boolean): Outcome {
    if (final || this.job.attempt >= this.job.maxAttempts) return { kind: "fail", reason, error };
    const backoff =
      this.job.backoff === null ? this.#registered.options.backoff : (JSON.parse(this.job.backoff) as Backoff);
    return { kind: "again", error, delay: backoffDelay(backoff, this.job.attempt, this.setting.ports.random) };
  }

  /** Submits what the handler stated and then the outcome: order of submission is order of commit. Only the first decision counts. */
  #decide(end: End): void {
    if (this.#decided) return;
    this.#decided = true;
    for (const cancel of this.#timers ?? []) cancel();
    if (end !== "lost") this.#said?.flush();
    this.#over = true;
    this.leaving = true;
    this.#hooks.leaving();
    if (end === "lost") return this.#hooks.settled(this);
    if (end === "release") return this.#release();
    this.#atPoint("before-settle", () => this.#settle(end));
  }

  #settle(outcome: Outcome): void {
    const { id, fence, run, batch } = this.job;
    this.setting.engine.post("settle", { id, fence, run, batch, outcome }, (result) => {
      if (result.ok) {
        this.#atPoint("after-settle", () => {
          if (result.value && outcome.kind === "fail") void this.#tellHandler(outcome.error);
          else this.#hooks.settled(this);
        });
      } else if (!this.#again(result.error, () => this.#settle(outcome))) {
        if (isClosed(result.error) || outcome.kind === "fail") return this.#hooks.settled(this);
        const message = `The store refused the outcome of this attempt: ${(result.error as Error).message}`;
        this.#settle({ kind: "fail", reason: "error", error: { message } });
      }
    });
  }

  #release(): void {
    this.setting.engine.post("release", this.held, (result) => {
      if (result.ok || !this.#again(result.error, () => this.#release())) this.#hooks.settled(this);
    });
  }

  /** An outcome is worth waiting for: a store that is busy, full or unreadable takes it when it can. False for what it can never take. */
  #again(error: unknown, write: () => void): boolean {
    this.setting.internalError(error, `settling #${this.job.id}`);
    if (!(error instanceof JobQueueError) || !PASSING.has(error.code)) return false;
    this.setting.ports.clock.timer(SETTLE_RETRY_MS, write);
    return true;
  }

  /** Whoever throws at a point stops this attempt there, and nothing else. */
  #atPoint(name: "before-settle" | "after-settle", next: () => void): void {
    try {
      this.setting.ports.point(name);
    } catch (error) {
      this.setting.internalError(error, name);
      return;
    }
    next();
  }

  async #tellHandler(error: StoredError): Promise<void> {
    try {
      const failure = Object.assign(new Error(error.message), { code: error.code, data: error.data });
      await (this.#registered.handler as JobHandler).onError?.(failure, this.#data, this.#jobId);
    } catch (thrown) {
      this.setting.internalError(thrown, `onError of ${this.job.type}`);
    }
    this.#hooks.settled(this);
  }
}

/** A call that a handler does not await must not end the process by its rejection; the handler itself still gets it. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

const isClosed = (error: unknown): boolean => error instanceof JobQueueError && error.code === "QUEUE_CLOSED";

/** Troubles of a store that pass: what it refuses now it may take later. */
const PASSING: ReadonlySet<string> = new Set(["STORE_BUSY", "STORE_FULL", "STORE_UNREADABLE"]);

/** Bits flip on disks: rather no work than work with what nobody gave. */
function assertUndamaged({ id, data, sum }: ClaimedJob): void {
  if (sum === null || checksumOf(data) === sum) return;
  throw new JobQueueError(
    "INVALID_DATA",
    `The stored data of #${id} is damaged: its checksum does not hold. Enqueue it again, and check the disk.`,
  );
}
