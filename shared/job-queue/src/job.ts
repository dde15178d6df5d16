/** States of a job. Only `processing` holds a worker slot; the last three end a run. */
export const JOB_STATES = [
  "pending",
  "processing",
  "blocked",
  "waiting_approval",
  "completed",
  "failed",
  "cancelled",
] as const;
export type JobState = (typeof JOB_STATES)[number];
export type EndState = "completed" | "failed" | "cancelled";

/** Why a run failed or was cancelled. A completed run has no reason. */
const FAIL_REASONS = [
  "error",
  "timeout",
  "stalled",
  "crashed",
  "interrupted",
  "rejected",
  "approval_timeout",
  "invalid_data",
] as const;
const CANCEL_REASONS = ["user", "batch", "replaced", "dependency"] as const;
export const END_REASONS = [...FAIL_REASONS, ...CANCEL_REASONS] as const;
export type FailReason = (typeof FAIL_REASONS)[number];
export type CancelReason = (typeof CANCEL_REASONS)[number];
export type EndReason = FailReason | CancelReason;

/** What moves a job from one state to the next. */
export type Transition =
  | "claim"
  | "complete"
  | "fail"
  | "cancel"
  | "release"
  | "retry_later"
  | "snooze"
  | "wait"
  | "ask"
  | "unblock"
  | "decide"
  | "rerun"
  | "rerun_blocked";

/**
 * The whole state machine as data: `TRANSITIONS[from][transition]` is the next state. The store enforces it: a trigger with the same table as
 * bit masks refuses every other change of state, whichever statement tries it.
 */
export const TRANSITIONS: { readonly [From in JobState]: { readonly [T in Transition]?: JobState } } = {
  pending: { claim: "processing", cancel: "cancelled", fail: "failed" },
  processing: {
    complete: "completed",
    fail: "failed",
    cancel: "cancelled",
    release: "pending",
    retry_later: "pending",
    snooze: "pending",
    wait: "blocked",
    ask: "waiting_approval",
  },
  blocked: { unblock: "pending", cancel: "cancelled", fail: "failed" },
  waiting_approval: { decide: "pending", cancel: "cancelled", fail: "failed" },
  completed: { rerun: "pending", rerun_blocked: "blocked" },
  failed: { rerun: "pending", rerun_blocked: "blocked" },
  cancelled: { rerun: "pending", rerun_blocked: "blocked" },
};

export function isEnded(state: JobState): state is EndState {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** Progress as the handler states it; never guessed from output. */
export interface Progress {
  readonly current: number;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  readonly message?: string | undefined;
  readonly details?: unknown;
}

/** An error as stored: the message people see, a code where there is one, and the stack for the log. */
export interface StoredError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly data?: unknown;
}

/** The caller as stored on a job and inherited by its children. The queue stores it and filters by `principal`; it gives it no other meaning. */
export interface Origin {
  readonly principal: string;
  readonly role?: string | undefined;
  readonly interface?: string | undefined;
  readonly conversation?: string | undefined;
  readonly reply?: unknown;
}

/** A job as everybody outside the store sees it. Times are milliseconds since the epoch. */
export interface JobInfo {
  /** Public, unguessable id: `<number>-<random>`. */
  readonly id: string;
  /** Short number for people (`#142`), unique among the jobs, batches and requests of a store. */
  readonly number: number;
  readonly type: string;
  /** The part of the type before the colon, if there is one. */
  readonly plugin?: string | undefined;
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  readonly state: JobState;
  readonly reason?: EndReason | undefined;
  /** A running job whose cancel was asked for but whose handler has not ended yet. */
  readonly cancelling: boolean;
  /** A running job whose handler says that its work waits for somebody to send it text. */
  readonly waitingFor?: "input" | undefined;
  /** A pending job that does not start because its type or plugin is paused. */
  readonly paused?: true | undefined;
  /** Numbers of the jobs and batches that a blocked job waits for. */
  readonly waitsFor: readonly number[];
  /** Number of the open request that a waiting job waits for. */
  readonly request?: number | undefined;
  /** 1 for the first life; a retry or resume starts the next. */
  readonly run: number;
  /** Tries of this run so far, the present one included; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly priority: number;
  readonly key?: string | undefined;
  readonly batchId?: string | undefined;
  readonly batchNumber?: number | undefined;
  readonly progress?: (Progress & { readonly at: number }) | undefined;
  /** Lists and events leave out a payload or result of more than 16 KiB. */
  readonly data: unknown;
  readonly result?: unknown;
  readonly error?: StoredError | undefined;
  readonly createdAt: number;
  readonly runAt: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly origin?: Origin | undefined;
  readonly pluginVersion?: string | undefined;
  readonly handlerVersion?: string | undefined;
  /** The worker that holds a processing job. `answering` is false when its lock is held but it has not committed for a while. */
  readonly worker?:
    | { readonly id: number; readonly pid: number; readonly answering: boolean; readonly seenAt: number }
    | undefined;
}

export type BatchState = "pending" | "processing" | "completed" | "failed" | "cancelled";

/** One entry of `errors` of a batch: which job failed and why. */
export interface BatchError {
  readonly jobId: string;
  readonly number: number;
  readonly label?: string | undefined;
  readonly reason?: EndReason | undefined;
  readonly message: string;
}

/** A batch, counted from its jobs. */
export interface BatchInfo {
  readonly batchId: string;
  readonly number: number;
  readonly label?: string | undefined;
  /** What one operation is called, e.g. "sections". */
  readonly unit?: string | undefined;
  readonly status: BatchState;
  /** It was cancelled, and jobs of it still run. */
  readonly cancelling: boolean;
  /** More jobs may still be added. */
  readonly open: boolean;
  readonly policy: BatchPolicy;
  readonly run: number;
  /** A planning job of an open batch counts as an operation only when it fails. */
  readonly totalOperations: number;
  readonly completedOperations: number;
  readonly failedOperations: number;
  readonly cancelledOperations: number;
  readonly processingOperations: number;
  /** Ended operations of any kind / total, 0 to 100. */
  readonly percent: number;
  /** Label (or type) of a job that is running now. */
  readonly currentOperation?: string | undefined;
  /** At most the first 50 failures of this run. */
  readonly errors: readonly BatchError[];
  readonly plugin?: string | undefined;
  readonly type?: string | undefined;
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly origin?: Origin | undefined;
}

/** `continue`: every member runs whatever becomes of the others. `stop`: the first failure cancels those that have not started. */
export type BatchPolicy = "continue" | "stop";

/** A question that a job waits on. */
export interface RequestInfo {
  readonly id: string;
  readonly number: number;
  readonly jobId: string;
  readonly jobNumber: number;
  readonly jobType: string;
  readonly jobLabel?: string | undefined;
  readonly run: number;
  readonly name: string;
  readonly question: string;
  readonly choices: readonly string[];
  readonly details?: unknown;
  readonly digest?: string | undefined;
  readonly state: "open" | "decided" | "expired" | "void";
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  readonly decision?: Decision | undefined;
  readonly origin?: Origin | undefined;
}

/** A person's answer to a request. */
export interface Decision {
  readonly choice: string;
  readonly comment?: string | undefined;
  readonly principal?: string | undefined;
  readonly interface?: string | undefined;
  /** The digest of the request: what was decided. */
  readonly digest?: string | undefined;
  readonly at: number;
}

/** One piece of a job's ordered output. `cursor` continues after this line. */
export interface LogLine {
  readonly cursor: string;
  readonly at: number;
  readonly run: number;
  readonly attempt: number;
  readonly stream: LogStream;
  readonly text: string;
}
export type LogStream = "stdout" | "stderr" | "note";

/** What happened to a job. One `ended` per (job, run). */
export type JobChange =
  | "enqueued"
  | "started"
  | "progress"
  | "retrying"
  | "suspended"
  | "unblocked"
  | "requested"
  | "decided"
  | "cancelling"
  /** It now waits for input, or no longer: `waitingFor` of the job. */
  | "input"
  | "released"
  | "rerun"
  | "ended";

/** The payload of `job-progress`: what changed, and the job as it was when the event was read. */
export interface JobEvent {
  readonly kind: "job";
  readonly change: JobChange;
  /** Reading the journal after this cursor continues with the next event. */
  readonly cursor: string;
  readonly at: number;
  readonly job: JobInfo;
  /** The state and run that this event itself recorded; `job` may already be further. */
  readonly state: JobState;
  readonly run: number;
}

export type BatchChange = "created" | "progress" | "added" | "closed" | "rerun" | "ended";

/**
 * The payload of `batch-progress`. One `ended` per (batch, run). A `progress` follows from the start or end of a job, whose event is told before it
 * with the same cursor.
 */
export interface BatchEvent {
  readonly kind: "batch";
  readonly change: BatchChange;
  readonly cursor: string;
  readonly at: number;
  readonly batch: BatchInfo;
  readonly run: number;
}

export type QueueEvent = JobEvent | BatchEvent;
