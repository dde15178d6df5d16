// Apart from the rest: over stdin and stdout nobody waits for the modules of HTTP.
export { sameToken, type TokenHolder, type VerifyToken } from "./bearer.ts";
export { mcpOverHttp, type HttpLimits, type McpHttp, type McpHttpOptions } from "./http.ts";
export { listen, type Listening, type ListenOptions } from "./listen.ts";
export { makeTokenFile, readTokenFile } from "./token-file.ts";
export type { NativeTool } from "./tool-server.ts";
