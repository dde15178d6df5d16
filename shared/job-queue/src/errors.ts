/** Every code this package throws. The table in docs/errors.md is equal to it, by test. */
export const QUEUE_ERRORS = {
  JOB_NOT_FOUND: "No job has this id. List the ids with `jobs`.",
  BATCH_NOT_FOUND: "No batch has this id. List the ids with `batches`.",
  REQUEST_NOT_FOUND: "No request has this id. List what waits for a decision with `status`.",
  SCHEDULE_NOT_FOUND: "No schedule has this name. List the names with `schedules`.",
  INVALID_DATA: "The data does not fit the handler's schema. Correct the named fields.",
  INVALID_OPTION: "An option has an impossible value. See the message.",
  INVALID_STATE:
    "The job or batch is not in a state in which this can be done. The message says which; look with `status`.",
  WORKER_ANSWERS:
    "The worker that runs the job answers, so the job is not taken from it. Cancel the job, then retry it.",
  DUPLICATE_HANDLER: "This job type has a handler already. Unregister it first.",
  DEPENDENCY_CYCLE: "The jobs of the batch wait for each other in a circle. Take one of the named dependencies away.",
  BATCH_CLOSED:
    "The batch is not open, so no job can be added. Enqueue a batch of its own, or create it with `open: true`.",
  ALREADY_DECIDED:
    "The request was already decided, has expired, or its job went on. Look at the job to see what became of it.",
  INVALID_CHOICE: "The request does not offer this choice. Give one of those in the message.",
  DIGEST_MISMATCH: "The thing to be approved is not the one that was shown. Look again.",
  IDEMPOTENCY_MISMATCH: "This idempotency key was used with other input. Use a new key.",
  TOO_LARGE: "The payload, result or value is over the size limit. Store it as a file and pass its name.",
  INPUT_CLOSED: "The input of this job was ended, so no more can be sent. A retry of the job begins with new input.",
  INPUT_FULL: "The job has not read what was sent to it before. Send more when it has.",
  CURSOR_EXPIRED: "The events after this cursor are gone. Take a snapshot and go on from the new cursor.",
  INVALID_CURSOR: "This is not a cursor of this list. Start without one.",
  WAIT_TIMEOUT: "The job did not end within the time. It goes on; ask again.",
  WAIT_INSIDE_HANDLER: "A handler that waits for another job would hold its slot. Use job.waitFor(ids).",
  QUEUE_CLOSED: "The queue is stopped. Open it again.",
  STORE_BUSY: "Another process held the store for too long. Try again.",
  STORE_FULL: "The disk is full. Free some space; nothing that was acknowledged is lost.",
  SCHEMA_CHANGED: "A newer version has upgraded the store while this process ran. Restart it with that version.",
  STORE_TOO_NEW: "The store was written by a newer version. Use that version, or another home folder.",
  STORE_UNREADABLE: "The store cannot be opened. See the message for what the system said.",
  SQLITE_TOO_OLD: "This SQLite has a known corruption bug in WAL mode. Install better-sqlite3 13.2 or newer.",
} as const;
export type QueueErrorCode = keyof typeof QUEUE_ERRORS;

const BRAND = Symbol.for("@brains/error");

/** The only error this package throws. `code` is stable; `message` says what happened and what to do. */
export class JobQueueError extends Error {
  readonly code: QueueErrorCode;
  readonly data: unknown;
  constructor(code: QueueErrorCode, message?: string, options: { cause?: unknown; data?: unknown } = {}) {
    super(message ?? QUEUE_ERRORS[code], options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "JobQueueError";
    this.code = code;
    this.data = options.data;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** True for coded errors of any copy of these packages: recognised by brand, because plugins may carry a copy of their own. */
export function isCodedError(error: unknown): error is Error & { code: string; data?: unknown } {
  return error instanceof Error && BRAND in error && typeof (error as { code?: unknown }).code === "string";
}
