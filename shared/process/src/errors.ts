/** Every code this package throws. The table in docs/errors.md is equal to it, by test. */
export const PROCESS_ERRORS = {
  PROGRAM_NOT_FOUND: "No executable file has this name. Correct the name or the search path.",
  INVALID_PROGRAM: "The program cannot be run as described. Correct what the message names.",
  INVALID_ENVIRONMENT: "A name or value cannot be put into an environment. Correct what the message names.",
  PROGRAM_NOT_STARTED: "The system did not start the program. See the message for what it said.",
  PLATFORM_NOT_SUPPORTED:
    "Programs run on Linux and macOS only, because elsewhere nothing here could end them for sure.",
  INVALID_LOG: "The output log cannot be opened as described. Correct what the message names.",
  INVALID_CURSOR: "This is not a cursor of this list. Start without one.",
} as const;
export type ProcessErrorCode = keyof typeof PROCESS_ERRORS;

const BRAND = Symbol.for("@brains/error");

/** The only error this package throws. `code` is stable; `message` says what happened and what to do. */
export class ProcessError extends Error {
  readonly code: ProcessErrorCode;
  constructor(code: ProcessErrorCode, message?: string, options: { cause?: unknown } = {}) {
    super(message ?? PROCESS_ERRORS[code], options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProcessError";
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
