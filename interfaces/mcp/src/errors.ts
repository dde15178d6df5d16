/** Every code that only serving MCP throws, with what to do. The table in docs/errors.md is equal to it, by test. */
export const MCP_ERRORS = {
  MCP_ADDRESS_REFUSED:
    "MCP over HTTP is offered to this machine alone. To offer it to others add --allow-remote, and --name with the name they use.",
  MCP_ADDRESS_UNUSABLE: "The address or port cannot be listened on. Choose another with --host or --port.",
  MCP_CLIENT_CONFIG_UNUSABLE:
    "The file of an MCP client cannot be read, is not valid, or cannot be changed without losing something. It is as it was: do what the message says.",
  MCP_CLIENT_UNSUITED: "This client is not known, or cannot connect in this way. The message names what can.",
  MCP_TOKEN_UNUSABLE: "The file of the token cannot be made or read, or others can read it. Do what the message says.",
} as const;
export type McpErrorCode = keyof typeof MCP_ERRORS;

/** An error of this package, told from others by the brand that all coded errors carry. */
export class McpError extends Error {
  readonly code: McpErrorCode;
  constructor(code: McpErrorCode, message: string) {
    super(message);
    this.name = "McpError";
    this.code = code;
    Object.defineProperty(this, Symbol.for("@brains/error"), { value: true });
  }
}
