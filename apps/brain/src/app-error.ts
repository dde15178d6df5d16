/** Every code that only the app throws, with what to do. The table in docs/errors.md is equal to it, by test. */
export const APP_ERRORS = {
  ALREADY_EXISTS: "A file that would be written is there already. Choose another folder.",
  WORKER_NOT_STARTED: "No worker could be started, so nothing runs. The message has the last lines of its log.",
  NO_BRAIN: "The folder has no brains.yaml. Correct the folder, or make a brain with `brains init`.",
  FOLDER_UNUSABLE: "The folder cannot be made or written. Check its path and rights.",
} as const;
export type AppErrorCode = keyof typeof APP_ERRORS;

/** An error of the composition root, told from others by the brand that all coded errors carry. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  constructor(code: AppErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
    Object.defineProperty(this, Symbol.for("@brains/error"), { value: true });
  }
}
