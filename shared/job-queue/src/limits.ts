/** A job whose worker died this often while nothing but it ran is failed as `crashed`. */
export const MAX_CRASHES = 3;
export const DEFAULT_MAX_ATTEMPTS = 3;
export const DEFAULT_CONCURRENCY = 10;
export const DEFAULT_GRACE_MS = 5_000;
export const DEFAULT_MAX_BYTES = 1024 * 1024;
/** The highest `maxBytes`. SQLite's own limit of one value is 1 000 000 000. */
export const MOST_BYTES = 512 * 1024 * 1024;
/** Progress of one job is written at most this often; the last value always is. */
export const PROGRESS_MS = 100;
/** Log lines of one job are gathered this long. */
export const LOG_MS = 50;
/** A log line longer than this is stored in pieces (UTF-16 units). */
export const LOG_PIECE = 64 * 1024;
/** One attempt's log keeps this much (UTF-16 units), a job's this many lines; then a note says so and the rest is dropped. */
export const LOG_ATTEMPT = 16 * 1024 * 1024;
export const LOG_LINES = 200_000;
/** Most bytes of the details of progress, as JSON. */
export const DETAILS_BYTES = 64 * 1024;
/** Most characters of a short text: a label, a unit, a message of progress. */
export const SHORT_TEXT = 1_000;
/** Most characters of a question or of a comment on a decision. */
export const LONG_TEXT = 10_000;
/** Most characters of one piece of input; of all that a job has not read, and how many pieces that may be. */
export const INPUT_PIECE = 256 * 1024;
export const INPUT_PENDING = 1024 * 1024;
export const INPUT_PENDING_PIECES = 1_000;
/** Commands in one transaction at most; more wait for the next one, so that the event loop turns in between. */
export const GROUP_LIMIT = 500;
/** Members of a batch that one transaction moves. */
export const BATCH_SLICE = 500;
/** A batch of up to so many members comes in one transaction: in slices each of them is written twice. */
export const BATCH_ONCE = 1_000;
/** Jobs that one `enqueueMany` takes: they are one transaction. */
export const ENQUEUE_MOST = 5_000;
/** Running a job again costs about as much as ending so many. */
export const RERUN_COST = 2;
/** How often a worker looks whether another one died. Take-over is wanted in under a second. */
export const PEER_MS = 250;
/** A busy worker writes a sign of life this often; without one for `SILENT_MS` it counts as not answering. */
export const BEAT_MS = 2_000;
export const SILENT_MS = 10_000;
export const MAINTENANCE_MS = 60_000;
/** A command waits this long for other processes' transactions before STORE_BUSY. */
export const BUSY_LIMIT_MS = 5_000;
/** Between tries to write an outcome into a store that refused it. */
export const SETTLE_RETRY_MS = 500;
