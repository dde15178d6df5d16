/** Why the signal of an attempt was aborted; `signal.reason` is this error. */
export type AbortCause = "cancelled" | "timeout" | "stalled" | "lost" | "stopping" | "suspended";
const ABORT_WORDS: Record<AbortCause, string> = {
  cancelled: "The job was cancelled.",
  timeout: "The job ran longer than its time-out.",
  stalled: "The job showed no progress for too long.",
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
