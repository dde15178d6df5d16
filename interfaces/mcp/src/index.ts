export { claimStdout, serveStdio, type ServeStdioOptions } from "./stdio.ts";
export { wireName } from "./wire-names.ts";
