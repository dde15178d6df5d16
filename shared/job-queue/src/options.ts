import type { ZodType } from "zod";
import type { BatchPolicy, EndReason, JobState, Origin } from "./job.ts";

/** Delay before the next try: `delay * factor^(try-1)`, at most `max`, plus or minus up to `jitter` of it. Milliseconds. */
export interface Backoff {
  /** Default 1 000. */
  readonly delay?: number | undefined;
  /** Default 2; 1 is a fixed delay. */
  readonly factor?: number | undefined;
  /** Default 600 000 (10 minutes). */
  readonly max?: number | undefined;
  /** Share of the delay that is random, 0 to 1. Default 0.2. */
  readonly jitter?: number | undefined;
}

/** At most `limit` jobs start in any window of `per` milliseconds, in all processes together. */
export interface RateLimit {
  /** 1 to 1 000 000. */
  readonly limit: number;
  /** Milliseconds: 1 to 2 678 400 000 (31 days). */
  readonly per: number;
}

/** The policy of a job type, given with its handler. A job that was enqueued where the handler is unknown takes it from the first worker that claims it. */
export interface HandlerOptions<Data = unknown> {
  /** Checked at enqueue (when the enqueuing process knows the handler) and before every attempt. */
  readonly schema?: ZodType<Data> | undefined;
  /** How many jobs of this type run at once, in all processes together. Default: no limit but the worker's. */
  readonly concurrency?: number | undefined;
  /** How many jobs of this type start in a time; each try is a start. Default: no limit. */
  readonly rate?: RateLimit | undefined;
  /** Milliseconds an attempt may run; waiting does not count. Default: no limit. */
  readonly timeout?: number | undefined;
  /** Milliseconds an attempt may run without progress, a log line or a finished step; then it fails as `stalled`. Default: no limit. */
  readonly stallAfter?: number | undefined;
  /** Tries in a run, the first included. Default 3. */
  readonly maxAttempts?: number | undefined;
  /** Accepted for `maxAttempts = maxRetries + 1`. */
  readonly maxRetries?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** What happens to a job whose worker died: `rerun` (default), or end it as `failed: interrupted`. */
  readonly afterCrash?: "rerun" | "interrupt" | undefined;
  /** Stored on each job, so that an old job can be told from a new one. */
  readonly version?: string | undefined;
  readonly pluginVersion?: string | undefined;
}

export interface EnqueueOptions {
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  /** Lower runs first; -1 000 to 1 000, default 0. One step is worth a minute of waiting, so nothing starves. */
  readonly priority?: number | undefined;
  /** Milliseconds from now. */
  readonly delay?: number | undefined;
  /** Not before this time: milliseconds since the epoch, or a Date. */
  readonly runAt?: number | Date | undefined;
  /** Ids or numbers of jobs and batches that must complete first. If one does not, this job ends `cancelled: dependency`. */
  readonly after?: string | number | readonly (string | number)[] | undefined;
  /** The same as `after`. */
  readonly dependsOn?: string | number | readonly (string | number)[] | undefined;
  /** Jobs of one type and key never run at once, and at most one waits. One that has begun, even if it sleeps or is to be tried again, counts as running. */
  readonly key?: string | undefined;
  /** What to do with a waiting job of the same key: `skip` (default) returns it, `replace` ends it, `coalesce` gives it the new data. */
  readonly dedup?: "skip" | "replace" | "coalesce" | undefined;
  /** Two enqueues with this key are one, for 7 days; other data under the same key is refused. */
  readonly idempotencyKey?: string | undefined;
  readonly maxAttempts?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly backoff?: Backoff | undefined;
  readonly timeout?: number | undefined;
  readonly origin?: Origin | undefined;
}

export interface NewJob extends EnqueueOptions {
  readonly type: string;
  readonly data?: unknown;
}

export interface EnqueuedJob {
  readonly jobId: string;
  readonly number: number;
  /** An existing job was returned (dedup or idempotency key). */
  readonly duplicate: boolean;
}

/** One member of a batch. `dependsOn` may name members of the same batch by their `key`, besides ids and numbers. */
export interface BatchOperation {
  readonly type: string;
  readonly data?: unknown;
  readonly label?: string | undefined;
  readonly key?: string | undefined;
  readonly dependsOn?: string | number | readonly (string | number)[] | undefined;
  readonly priority?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly timeout?: number | undefined;
}

export interface BatchOptions {
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  /** Default `continue`. */
  readonly policy?: BatchPolicy | undefined;
  /** More jobs may be added. An open batch closes by `closeBatch`, or when the jobs it was created with (the planning jobs) have all ended. */
  readonly open?: boolean | undefined;
  /** Jobs and batches that must complete before any member starts. */
  readonly after?: string | number | readonly (string | number)[] | undefined;
  readonly priority?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly origin?: Origin | undefined;
}

export interface EnqueuedBatch {
  readonly batchId: string;
  readonly number: number;
  readonly jobIds: readonly string[];
  /** 0 of an open batch: its first jobs plan the work and are not counted. */
  readonly totalOperations: number;
  readonly duplicate: boolean;
}

/** All given conditions must hold. Newest first. */
export interface JobFilter {
  readonly state?: JobState | readonly JobState[] | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly plugin?: string | undefined;
  readonly reason?: EndReason | undefined;
  /** Number or id of a batch; null for jobs of no batch. */
  readonly batch?: string | number | null | undefined;
  readonly principal?: string | undefined;
  readonly conversation?: string | undefined;
  /** Created at or after this time (ms). */
  readonly since?: number | undefined;
  /** Ended at or after this time (ms). */
  readonly endedSince?: number | undefined;
  readonly active?: boolean | undefined;
  /** Default 50, at most 1 000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface BatchFilter {
  readonly active?: boolean | undefined;
  readonly status?: "pending" | "processing" | "completed" | "failed" | "cancelled" | undefined;
  readonly plugin?: string | undefined;
  readonly principal?: string | undefined;
  readonly conversation?: string | undefined;
  readonly since?: number | undefined;
  readonly endedSince?: number | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly next?: string | undefined;
}

export interface Retention {
  /** Ended jobs and batches are kept this long. Default 30 days. */
  readonly maxAge?: number | undefined;
  /** At most this many ended jobs are kept. Default 1 000 000. */
  readonly maxJobs?: number | undefined;
  /** The store's file is kept under this many bytes as far as ended work allows. Default 2 GiB. */
  readonly maxBytes?: number | undefined;
}

export interface QueueOptions {
  /** The database file, or ":memory:" for one process. Its folder is made if missing (0700; files 0600). */
  readonly path: string;
  /** `power` (default): what was acknowledged is on disk. `process`: it survives a crash of the process, not of the machine. */
  readonly durability?: "power" | "process" | undefined;
  /** Jobs that run at once in this process. Default 10. */
  readonly concurrency?: number | undefined;
  /** Of these, how many jobs of a plugin (the part of a type before the colon) run at once in this process. Default: no share of its own. */
  readonly pluginConcurrency?: Readonly<Record<string, number>> | undefined;
  /** Milliseconds a handler gets to end after cancel, time-out, stall, stop or suspension before its attempt is given up. Default 5 000. */
  readonly grace?: number | undefined;
  /** Most bytes of a payload, step result, result or kv value, as JSON. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  readonly retention?: Retention | undefined;
  /** Stored with the worker, for others to compare: which code and config it runs. */
  readonly fingerprint?: string | undefined;
  /** Where errors of listeners and `onError` hooks go, and what was dropped or is tried again. Default: nowhere. */
  readonly onInternalError?: ((error: unknown, where: string) => void) | undefined;
  readonly ports?: Partial<import("./ports.ts").Ports> | undefined;
}
