/** Every code that the command line itself throws, with what to do. */
export const CLI_ERRORS = {
  USAGE: "The command line is wrong. The message says where; `brains help` lists the commands.",
  NO_SUCH_TOOL: "No tool has this name. `brains tools` lists them.",
  OUTPUT_FAILED: "The answer could not be written, as when the disk is full. The work itself was done: look again.",
  NEEDS_TERMINAL: "Only a person at a terminal may do this. Run it in one.",
} as const;
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** The only error this package throws. `code` is stable. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  constructor(code: CliErrorCode, message: string) {
    super(message);
    this.name = "CliError";
    this.code = code;
    Object.defineProperty(this, Symbol.for("@brains/error"), { value: true });
  }
}

export function usageError(message: string): CliError {
  return new CliError("USAGE", message);
}
