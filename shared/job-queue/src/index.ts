export { type JobQueue, type Stats, type WorkerInfo, openJobQueue } from "./queue.ts";
export { JobQueueService, type Pause } from "./service.ts";
export type { WaitOptions } from "./wait.ts";
export type { Forced } from "./force.ts";
export { JobQueueWorker } from "./worker.ts";
export { BatchJobManager } from "./batches.ts";
export type { SentInput, SendInput } from "./input.ts";
export { JobEvents } from "./events.ts";
export { type DecideInput, Requests } from "./requests.ts";
export {
  Schedules,
  type MissedPolicy,
  type OverlapPolicy,
  type ScheduleDefinition,
  type ScheduleInfo,
} from "./schedules.ts";
export { IdempotencyKeys, KeyValueStore } from "./kv.ts";
export { JobQueueError, QUEUE_ERRORS, type QueueErrorCode, isCodedError } from "./errors.ts";
export { TRANSITIONS, JOB_STATES, isEnded } from "./job.ts";
export { backoffDelay } from "./backoff.ts";
export { abortedWith, cancelJob, failJob, snoozeJob } from "./handler.ts";
export type * from "./handler.ts";
export type * from "./options.ts";
export type { Clock, PointName, Ports, Processes, Random } from "./ports.ts";
export type { Resolved } from "./resolve.ts";
export type { HeldLock } from "./liveness.ts";
export type { AbortCause } from "./abort.ts";
