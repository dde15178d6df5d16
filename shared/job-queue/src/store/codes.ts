import type { BatchState, JobState } from "../job.ts";

/** States as stored. Literals of these numbers stand in SQL too, because a partial index is used only where its condition is written out. */
export const READY = 0;
export const PROCESSING = 1;
/** Pending with a later `run_at`. */
export const DELAYED = 2;
export const WAITING_APPROVAL = 3;
export const BLOCKED = 4;
export const COMPLETED = 5;
export const FAILED = 6;
export const CANCELLED = 7;

const JOB_WORDS: readonly JobState[] = [
  "pending",
  "processing",
  "pending",
  "waiting_approval",
  "blocked",
  "completed",
  "failed",
  "cancelled",
];
export const jobWord = (code: number): JobState => JOB_WORDS[code] as JobState;
export const jobCodes = (state: JobState): number[] =>
  JOB_WORDS.flatMap((word, code) => (word === state ? [code] : []));

/** A batch is active (0) or has ended with a job's end codes; whether an active one is pending or processing follows from its counts. */
export const BATCH_ACTIVE = 0;
export const batchWord = (row: {
  state: number;
  processing: number;
  completed: number;
  failed: number;
  cancelled: number;
}): BatchState =>
  row.state >= COMPLETED
    ? (jobWord(row.state) as BatchState)
    : row.processing + row.completed + row.failed + row.cancelled > 0
      ? "processing"
      : "pending";

/** `bq_job.control`: what another process asked of the owner of a running job. */
export const CONTROL_NONE = 0;
export const CONTROL_CANCEL = 1;
export const CONTROL_CANCEL_BATCH = 2;

/** `bq_job.flags` */
export const FLAG_PLANNER = 1;
/** After a crash of its worker the job ends `failed: interrupted`. */
export const FLAG_INTERRUPT = 2;
/** Enqueued by a process that did not know the type: the first worker that claims it applies the policy of its handler. */
export const FLAG_NO_POLICY = 4;
/** Its number of tries was given at enqueue, so the policy of the handler does not change it. */
export const FLAG_OWN_TRIES = 8;
/** It ended in an earlier run of its batch and has not run again in its present one, which it does not stop. */
export const FLAG_EARLIER = 16;

/** `bq_dep.mode`: the dependency must complete, or only end. */
export const NEEDS_SUCCESS = 0;
export const NEEDS_END = 1;
/** `bq_dep.done` */
export const DEP_OPEN = 0;
export const DEP_MET = 1;
export const DEP_BROKEN = 2;

/** `bq_request.state`; 3 is void: its job went on or ended without an answer. */
export const REQUEST_OPEN = 0;
export const REQUEST_DECIDED = 1;
export const REQUEST_EXPIRED = 2;

/** `bq_chore.kind`: settle those that wait for what ended; bring back those that its failure had cancelled; cancel what waits in a batch; run its failed and cancelled members again; cancel all of a batch. */
export const CHORE_DEPENDENTS = 0;
export const CHORE_REVIVE = 1;
export const CHORE_STOP = 2;
export const CHORE_RERUN = 3;
export const CHORE_RERUN_KEEP = 4;
export const CHORE_CANCEL = 5;

/** `bq_event.kind` */
export const EVENT_JOB = 0;
export const EVENT_BATCH = 1;
