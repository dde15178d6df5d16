/** Every code that the command line itself throws, with what to do. */
export const CLI_ERRORS = {
  USAGE: "The command line is wrong. The message says where; `brains help` lists the commands.",
  OUTPUT_FAILED: "The answer could not be written, as when the disk is full. The work itself was done: look again.",
  NEEDS_TERMINAL: "Only a person at a terminal may do this. Run it in one.",
} as const;
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** A tool is looked for here first, so that what follows can be read by its fields; the code is the shell's for the same mistake. */
type ThrownCode = CliErrorCode | "TOOL_NOT_FOUND";

/** The only error this package throws. `code` is stable. */
export class CliError extends Error {
  readonly code: ThrownCode;
  constructor(code: ThrownCode, message: string) {
    super(message);
    this.name = "CliError";
    this.code = code;
    Object.defineProperty(this, Symbol.for("@brains/error"), { value: true });
  }
}

export function usageError(message: string): CliError {
  return new CliError("USAGE", message);
}
