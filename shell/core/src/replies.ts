// What the shell's own tools answer: the `data` of a ToolReply of kind "data". Times are ISO strings, durations milliseconds.
// Human fields are ready to print; the same facts stand beside them typed.
import type { BatchError, BatchInfo, Decision, JobInfo, LogLine, RequestInfo } from "@brains/job-queue/handler";
import type { ProgramJudgement, ProgramPolicy } from "@brains/plugin";

type Iso<T, Keys extends keyof T> = Omit<T, Keys> & {
  readonly [K in keyof Pick<T, Keys>]: T[K] extends number ? string : string | undefined;
};

/**
 * A job as shown to a caller. `data` and `result` are absent (and `withheld` is true) where the caller is a viewer or operator and somebody else
 * started the job; lists leave them out for everybody. `handler: false` says that no loaded plugin has a handler for it, so it waits; absent where no plugins are loaded.
 */
export interface JobView extends Iso<
  Omit<JobInfo, "progress" | "origin" | "data">,
  "createdAt" | "runAt" | "startedAt" | "endedAt"
> {
  readonly data?: unknown;
  readonly withheld?: boolean | undefined;
  /** `8/12 sections (67%)` and the typed numbers. */
  readonly progress?: ProgressView | undefined;
  readonly origin?: OriginView | undefined;
  readonly handler?: boolean | undefined;
}

export interface ProgressView {
  /** `8/12 sections (67%)`, or `8 sections` where the total is unknown. */
  readonly text: string;
  readonly current: number;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  readonly percent?: number | undefined;
  readonly message?: string | undefined;
  readonly details?: unknown;
  readonly at: string;
}

export interface OriginView {
  readonly principal: string;
  readonly role?: string | undefined;
  readonly interface?: string | undefined;
  readonly conversation?: string | undefined;
}

export interface BatchView extends Iso<Omit<BatchInfo, "origin">, "createdAt" | "startedAt" | "endedAt"> {
  readonly progress: ProgressView;
  readonly origin?: OriginView | undefined;
}

export interface RequestView extends Iso<Omit<RequestInfo, "origin" | "decision">, "createdAt" | "expiresAt"> {
  readonly decision?: (Omit<Decision, "at"> & { readonly at: string }) | undefined;
  /** "2 minutes ago" */
  readonly asked: string;
  readonly origin?: OriginView | undefined;
}

/** One line of `shell:status`: a job on its own, or a batch with its members folded in. */
export interface Operation {
  readonly kind: "job" | "batch";
  readonly id: string;
  readonly number: number;
  readonly plugin?: string | undefined;
  readonly type?: string | undefined;
  readonly label: string;
  /** State of the job, or status of the batch. A batch one of whose jobs waits for a decision says so in `requests`. */
  readonly status: JobInfo["state"] | BatchInfo["status"];
  readonly reason?: string | undefined;
  readonly cancelling: boolean;
  readonly run: number;
  /** `8/12 sections (67%)` */
  readonly progress?: string | undefined;
  /** What is being done now: the progress message of a job, the running member of a batch. */
  readonly currentTask?: string | undefined;
  /** In words: "2 minutes ago". */
  readonly startedAt?: string | undefined;
  /** In words, with its source: "in about 3 minutes". */
  readonly estimatedCompletion?: string | undefined;
  /** "rate" from this run's own counters; "history (n=14)" from the durations of that many past runs. */
  readonly estimateSource?: string | undefined;
  /** Why it does not move, in words: "waits for #12", "no handler: is the plugin feeds loaded?", "worker not answering for 40 seconds". */
  readonly note?: string | undefined;
  readonly error?: string | undefined;
  /** Of a batch: its first failures. */
  readonly errors?: readonly BatchError[] | undefined;
  /** Numbers of open requests that it waits on. */
  readonly requests: readonly number[];
  /** Numbers of the jobs and batches that it waits for. */
  readonly waitsFor: readonly number[];
  readonly counts: OperationCounts;
  readonly times: OperationTimes;
  readonly origin?: OriginView | undefined;
  /** Its result is news to the caller: it was started in the conversation asked for, and read neither by `shell:job` nor by waiting. */
  readonly unread?: boolean | undefined;
}

export interface OperationCounts {
  readonly current?: number | undefined;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  /** 0 to 100 */
  readonly percent?: number | undefined;
  /** Of a batch. */
  readonly completed?: number | undefined;
  readonly failed?: number | undefined;
  readonly cancelled?: number | undefined;
  readonly processing?: number | undefined;
}

export interface OperationTimes {
  readonly createdAt: string;
  readonly runAt?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly estimatedCompletion?: string | undefined;
  /** Milliseconds from start to end, or until now. */
  readonly elapsed?: number | undefined;
}

/** `shell:status` */
export interface StatusReply {
  /** One line: "2 operations are running, 1 waits for a decision (#17)." */
  readonly message: string;
  /** Active ones first, oldest first; then what ended, newest first. */
  readonly operations: readonly Operation[];
  /** Open requests. */
  readonly requests: readonly RequestView[];
  readonly workers: readonly WorkerView[];
  /** Types and plugins of which nothing starts, and schedules that do not fire. */
  readonly paused: readonly PauseView[];
  /** Pass it as `since` to see only what changed after this answer. */
  readonly cursor: string;
  /** There is more than fits; use `shell:jobs` or filters. */
  readonly more: boolean;
}

export interface WorkerView {
  readonly pid: number;
  readonly state: string;
  readonly answering: boolean;
  readonly fingerprint?: string | undefined;
}

export interface PauseView {
  /** What `shell:unpause` takes. */
  readonly name: string;
  readonly kind: "type" | "plugin" | "schedule";
  readonly since?: string | undefined;
  readonly by?: string | undefined;
}

/** `shell:interrupted` */
export interface InterruptedReply {
  readonly operations: readonly Operation[];
}

/** `shell:pause`, `shell:unpause` */
export interface PauseReply {
  readonly message: string;
  readonly name: string;
  readonly kind: PauseView["kind"];
  /** How it stands now. */
  readonly paused: boolean;
  /** False if it stood so before. */
  readonly changed: boolean;
  /** False where no job, handler or schedule of this name was ever seen here: what comes under it will be held. */
  readonly known: boolean;
}

/** `shell:policy`: what it says of a command, or all of it. */
export type PolicyReply =
  | ({ readonly kind: "judgement" } & ProgramJudgement)
  | ({ readonly kind: "policy" } & ProgramPolicy);

/** A schedule with its next times, as ISO strings. */
export interface ScheduleView {
  readonly name: string;
  /** The plugin that declares it; absent for one made by hand. */
  readonly plugin?: string | undefined;
  readonly cron?: string | undefined;
  readonly timezone?: string | undefined;
  /** Milliseconds from one time to the next. */
  readonly every?: number | undefined;
  /** In words: `every 10 minutes`, or `0 3 * * * (Europe/Berlin)`. */
  readonly when: string;
  /** The type of the job that it enqueues. */
  readonly job: string;
  readonly label?: string | undefined;
  readonly missed: "skip" | "once" | { readonly all: number };
  readonly overlap: "skip" | "queue" | "parallel";
  readonly paused: boolean;
  readonly next: readonly string[];
  /** "in 2 hours" */
  readonly nextIn?: string | undefined;
  readonly lastAt?: string | undefined;
  /** Number of the job that the last firing made. */
  readonly lastJob?: number | undefined;
}

/** `shell:schedules` */
export interface SchedulesReply {
  readonly schedules: readonly ScheduleView[];
}

/** `shell:job`: whatever the id names, alive or ended. */
export type JobReply =
  | {
      readonly kind: "job";
      readonly operation: Operation;
      readonly job: JobView;
      readonly steps: readonly {
        readonly name: string;
        readonly at: string;
        readonly run: number;
        readonly attempt: number;
      }[];
      readonly runs: readonly RunView[];
      readonly requests: readonly RequestView[];
    }
  | {
      readonly kind: "batch";
      readonly operation: Operation;
      readonly batch: BatchView;
      readonly jobs: readonly JobView[];
      readonly next?: string | undefined;
    }
  | { readonly kind: "request"; readonly request: RequestView; readonly job?: JobView | undefined };

export interface RunView {
  readonly run: number;
  readonly state: JobInfo["state"];
  readonly reason?: string | undefined;
  readonly error?: JobInfo["error"];
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
}

/** `shell:jobs`. Lists leave out `data` and `result`, which may be large; `shell:job` has them. */
export interface JobsReply {
  readonly jobs: readonly JobView[];
  /** Cursor of the next page; absent on the last. */
  readonly next?: string | undefined;
}

/** `shell:batches`; with an id, that batch alone. */
export interface BatchesReply {
  readonly batches: readonly BatchView[];
  readonly next?: string | undefined;
}

/** `shell:wait` */
export interface WaitReply {
  /** All of them ended (with `any`: one of them). */
  readonly ended: boolean;
  /** The time was up first. The work goes on. */
  readonly timedOut: boolean;
  /** Something can go on only after a person decided. */
  readonly waitingForDecision: boolean;
  readonly message: string;
  readonly operations: readonly Operation[];
}

/** `shell:logs` */
export interface LogsReply {
  readonly id: string;
  readonly number: number;
  readonly state: JobInfo["state"];
  readonly lines: readonly (Omit<LogLine, "at"> & {
    readonly at: string;
    /** It has no end yet, or goes on after what another stream says: the next text of its stream continues it. */
    readonly open?: boolean | undefined;
  })[];
  /** Pass it as `after` to go on from here. */
  readonly cursor: string;
  /** The job ended and no line follows `cursor`. */
  readonly ended: boolean;
  /** Bytes of output from the middle that were not kept; a note among the lines says where. */
  readonly dropped?: number | undefined;
  /** More can be read now, behind `cursor`. */
  readonly more?: boolean | undefined;
}

/** `shell:send` */
export interface SendReply {
  readonly message: string;
  readonly number: number;
  /** Pieces that the job has not read yet. */
  readonly pending: number;
}

/** What became of one of the things named in `shell:cancel`, `shell:delete`, `shell:decide`. */
export interface ActionResult {
  readonly id: string;
  readonly number: number;
  readonly kind: "job" | "batch" | "request";
  readonly ok: boolean;
  /** State afterwards; absent when deleted or refused. */
  readonly state?: string | undefined;
  /** A running job that was told to stop and has not stopped yet. */
  readonly cancelling?: boolean | undefined;
  readonly choice?: string | undefined;
  /** Why it was refused; the others were done. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** `shell:cancel`, `shell:delete`, `shell:decide`. If nothing could be done at all the call fails with the first error instead. */
export interface ActionReply {
  readonly message: string;
  readonly results: readonly ActionResult[];
}

/** `shell:retry`, `shell:resume`: the new run. */
export interface RerunReply {
  readonly message: string;
  readonly operation: Operation;
  /** Of a job that was taken by force: what became of the worker that had it. */
  readonly forced?: { readonly pid: number; readonly worker: "ended" | "dead" | "alive" } | undefined;
}

/** `shell:requests` */
export interface RequestsReply {
  readonly requests: readonly RequestView[];
}
