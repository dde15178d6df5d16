/** Every code this plugin throws, with what to do about it. */
export const CODE_ERRORS = {
  CODE_FAILED: "The code threw an error, or is none. The message has its place and the lines around it. Correct it.",
  CODE_ENDED:
    "The process of the code ended without an error of the code: by an exit code or a signal. See its output.",
  NO_EXECUTION: "The id is that of other work. List the executions with the tool `code:list`.",
  SANDBOX_OPTION: "The sandbox has no use for this option. Leave it out, or choose another sandbox.",
} as const;
export type CodeErrorCode = keyof typeof CODE_ERRORS;

const BRAND = Symbol.for("@brains/error");

export class CodeError extends Error {
  readonly code: CodeErrorCode;
  constructor(code: CodeErrorCode, message: string) {
    super(message);
    this.name = "CodeError";
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
