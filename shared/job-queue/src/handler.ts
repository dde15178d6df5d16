// What a handler sees. This module has no dependency: plugins get it through @brains/plugin without loading the store.
import type { Decision, LogStream, Origin, Progress, StoredError } from "./job.ts";

export { isCodedError } from "./errors.ts";
export type * from "./job.ts";
export type { EnqueuedBatch, EnqueuedJob } from "./options.ts";

/** What a running handler can do. Every write names its attempt; after the attempt was lost they do nothing and `signal` is aborted. */
export interface JobContext {
  readonly id: string;
  readonly number: number;
  readonly type: string;
  readonly run: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly label?: string | undefined;
  readonly batchId?: string | undefined;
  readonly origin?: Origin | undefined;
  /** Aborted on cancel, time-out, loss of the attempt, and when the worker stops. `signal.reason` tells which. */
  readonly signal: AbortSignal;
  /**
   * State the progress. Cheap and synchronous; the last value always arrives, values in between may be skipped. Never throws: a statement without
   * a finite `current` is dropped, as is any part of it that cannot be stored, and the queue's `onInternalError` is told.
   */
  progress(progress: Progress): void;
  /** Append to the job's log; default stream `note`. Lines keep their order. Never throws: what is over the limits of a log is dropped, and the log says so. */
  log(text: string, stream?: LogStream): void;
  /**
   * Run a part once: its result is stored before the promise resolves, and a later attempt (after a crash, a retry of the attempt, a resume)
   * gets the stored result instead. `name` is unique within the job. Result must be JSON. With `review`, a person is asked before the job goes on.
   */
  step<T>(name: string, fn: (review: StepReview) => T | Promise<T>, options?: StepOptions): Promise<T>;
  /**
   * Ask a person. Ends the attempt without costing a try and frees the slot; when the answer is there the handler runs again from the top and
   * this call returns it. Default choices `approve` and `reject`; `reject` ends the job as failed (`rejected`) unless `onReject` is "return".
   */
  requestDecision(request: DecisionRequest): Promise<Decision>;
  /** Wait until jobs or batches have ended, however, with the slot freed. Returns them in the order given. A wait that closes a circle fails the job. */
  waitFor(ids: string | readonly string[]): Promise<EndedWork[]>;
  /** Go on after this many milliseconds, with the slot freed. Named by order of calls, so it survives restarts. */
  sleep(ms: number): Promise<void>;
  /**
   * Add jobs to the open batch that this job belongs to. An item is added once per batch, told by its `key`, or else by type, data and label
   * (several equal ones in one call are several), so a later attempt or run adds nothing twice. Throws BATCH_CLOSED, INVALID_STATE.
   */
  addToBatch(operations: readonly AddedOperation[]): Promise<{ jobIds: string[] }>;
  /**
   * The next piece of text that somebody sent to this run, in order; waits for it with the slot held. Each piece is given once per run: a later
   * attempt goes on behind it. Null after the end of the input (`eof`) was given. Rejects with the signal's reason when that is aborted.
   */
  readInput(): Promise<InputPiece | null>;
  /** State that the work waits for input, or no longer: people see it (`waitingFor`), and `stallAfter` does not run meanwhile. Never throws. */
  waitsForInput(waits: boolean): void;
  /** State that the work goes on, where there is nothing to say about it: `stallAfter` begins anew. Writes nothing. Never throws. */
  stillWorking(): void;
}

/** What somebody sent to a running job. */
export interface InputPiece {
  readonly text: string;
  /** Nothing follows. */
  readonly eof: boolean;
}

/** What a step that is run again after a review gets. */
export interface StepReview {
  /** What the person who asked for another try said. */
  readonly remark?: string | undefined;
}

export interface StepOptions {
  /** Ask a person before the job goes on: continue, retry with a remark, cancel. */
  readonly review?: boolean | undefined;
}

/** A question to a person. */
export interface DecisionRequest {
  readonly question: string;
  /** Names the request within the job; default: its order of calls. */
  readonly name?: string | undefined;
  /** 1 to 50 texts. Default: approve and reject. */
  readonly choices?: readonly string[] | undefined;
  readonly details?: unknown;
  /** Milliseconds until it expires (`failed: approval_timeout`). Default: never. */
  readonly expiresIn?: number | undefined;
  /** What exactly is being decided; a decision that names another digest is refused. */
  readonly digest?: string | undefined;
  /** `fail` (default): "reject" ends the job as `failed: rejected`. `return`: it is an answer like any other. */
  readonly onReject?: "fail" | "return" | undefined;
}

/** A job that is added to an open batch; once per batch, told by its `key`, or else by type, data and label. */
export interface AddedOperation {
  readonly type: string;
  readonly data: unknown;
  readonly label?: string | undefined;
  readonly key?: string | undefined;
}

/** How a job or batch that was waited for ended. */
export interface EndedWork {
  readonly id: string;
  readonly number: number;
  readonly state: "completed" | "failed" | "cancelled";
  readonly result?: unknown;
  readonly error?: StoredError | undefined;
}

/** A job handler. Only `process` is needed. */
export interface JobHandler<Data = unknown, Result = unknown> {
  /** Do the work and return the result (JSON). Throw to fail the attempt; `{ success: false, error? }` counts as failed too. */
  process(data: Data, jobId: string, job: JobContext): Promise<Result> | Result;
  /** Return the parsed data, or null if it is not valid. Called at enqueue and again before `process`. Not needed when `schema` is given. */
  validateAndParse?(data: unknown): Data | null;
  /**
   * Called once when a run failed for good, in the process that ran its last attempt. Not called for ends without an attempt (rejected, expired,
   * crashed, interrupted, taken by force). What it throws goes to `onInternalError` and changes nothing.
   */
  onError?(error: Error, data: Data, jobId: string): Promise<void> | void;
}

const SIGNAL = Symbol.for("@brains/handler-signal");
type SignalKind = "cancel" | "snooze" | "fail" | "aborted";
interface HandlerSignal {
  readonly [SIGNAL]: SignalKind;
  readonly ms?: number;
}

/** Throw this to end the job as cancelled (`user`). */
export function cancelJob(reason = "cancelled by its handler"): Error {
  return Object.assign(new Error(reason), { [SIGNAL]: "cancel" as const });
}

const LONGEST_SNOOZE_MS = 100 * 365 * 86_400_000;

/** Throw this to run the job again after `ms` milliseconds (rounded; at most 100 years) without costing a try. Throws a RangeError. */
export function snoozeJob(ms: number): Error {
  if (!Number.isFinite(ms) || ms < 0 || ms > LONGEST_SNOOZE_MS)
    throw new RangeError(`snoozeJob needs milliseconds of 0 or more, at most 100 years, not ${ms}`);
  return Object.assign(new Error(`again in ${ms} ms`), { [SIGNAL]: "snooze" as const, ms: Math.round(ms) });
}

/** Throw this to fail the job now, whatever tries are left: trying again would not help. */
export function failJob(message: string, options: { code?: string; data?: unknown; cause?: unknown } = {}): Error {
  const error = new Error(message, options.cause === undefined ? undefined : { cause: options.cause });
  return Object.assign(error, { [SIGNAL]: "fail" as const, code: options.code, data: options.data });
}

/**
 * Throw this when the signal was aborted, to add to what is stored of a time-out, a stall or a cancel: "… Stopped 4 processes." Thrown at any other
 * time it is an error like others.
 */
export function abortedWith(note: string): Error {
  return Object.assign(new Error(note), { [SIGNAL]: "aborted" as const });
}

/** Recognised by brand, not by class, because a plugin may carry another copy of this module. */
export function handlerSignal(error: unknown): { kind: SignalKind; ms: number } | undefined {
  if (typeof error !== "object" || error === null || !(SIGNAL in error)) return undefined;
  const signal = error as HandlerSignal;
  // Rounded here too: the signal may come from another copy of this module.
  return { kind: signal[SIGNAL], ms: Math.round(signal.ms ?? 0) };
}
