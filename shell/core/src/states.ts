import type { BatchInfo, JobInfo, JobState } from "@brains/job-queue/handler";

/** The states of a job, in the order in which people meet them. */
export const JOB_STATES = [
  "pending",
  "blocked",
  "waiting_approval",
  "processing",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly JobState[];

export const BATCH_STATES = [
  "pending",
  "processing",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly BatchInfo["status"][];

const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);

/** True for the three states that end a run, of jobs and batches alike. */
export function isEndedState(state: JobInfo["state"] | BatchInfo["status"]): boolean {
  return ENDED.has(state);
}
