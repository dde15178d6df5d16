export type { TokenHolder, VerifyToken } from "./bearer.ts";
export { sameToken } from "./bearer.ts";
export { MCP_ERRORS, McpError } from "./errors.ts";
export type { McpErrorCode } from "./errors.ts";
export { mcpOverHttp, type HttpLimits, type McpHttp, type McpHttpOptions } from "./http.ts";
export { listen, type Listening, type ListenOptions } from "./listen.ts";
export { claimStdout, serveStdio, type ServeStdioOptions } from "./stdio.ts";
export { makeTokenFile, readTokenFile } from "./token-file.ts";
export { wireName } from "./wire-names.ts";
