export { MCP_ERRORS, McpError } from "./errors.ts";
export type { McpErrorCode } from "./errors.ts";
export { claimStdout, serveStdio, type ServeStdioOptions } from "./stdio.ts";
export type { NativeTool, Serving, ToolServerOptions } from "./tool-server.ts";
export { wireName } from "./wire-names.ts";
