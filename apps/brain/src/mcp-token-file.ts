/** Where a brain's home keeps the token of MCP over HTTP. */
export const TOKEN_FILE = "mcp-token";
