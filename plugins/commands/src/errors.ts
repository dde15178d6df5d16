/** Codes that this plugin brings, with what to do. The table in docs/errors.md is equal to it, by test. */
export const COMMAND_ERRORS = {
  EXIT_CODE: "The program ended with another exit code than 0. Read the end of its output, correct it, retry the job.",
  EXIT_SIGNAL: "The program was ended by a signal that did not come from brains. Look at its output and at the system.",
} as const;
export type CommandErrorCode = keyof typeof COMMAND_ERRORS;

const BRAND = Symbol.for("@brains/error");

/** The shell's own code for what a policy refuses, before anything is enqueued. */
export class RefusedError extends Error {
  readonly code = "POLICY_DENIED";
  readonly data: unknown;
  constructor(message: string, data: unknown) {
    super(message);
    this.name = "RefusedError";
    this.data = data;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
