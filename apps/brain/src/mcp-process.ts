import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { BrainOptions, McpHttpOptions, StreamPorts } from "@brains/cli";
import { claimStdout, serveStdio } from "@brains/mcp";
import type { TokenHolder } from "@brains/mcp/http";
import { TOKEN_FILE } from "./mcp-token-file.ts";
import { openFrontEnd, takeUpLeftWork, type FrontEnd } from "./session.ts";
import { appVersion } from "./version.ts";

/** Milliseconds that closing may take after the client has gone: a server that nobody talks to must not linger. */
const CLOSE_LIMIT = 5_000;

/** Serves the brain's tools to MCP clients: to the one at the other end of stdin and stdout until it has gone, or to many over HTTP. */
export async function serveMcp(
  options: BrainOptions & StreamPorts & { readonly http?: McpHttpOptions | undefined },
): Promise<number> {
  const { http } = options;
  // Before anything of a plugin runs.
  const stdout = http ? undefined : claimStdout();
  const frontEnd = await openFrontEnd({ ...options, plugins: true });
  // Not awaited: a client wants its answer to the first message at once.
  void takeUpLeftWork(frontEnd);
  try {
    if (http) await serveHttp(frontEnd, http);
    else await serveStdio({ ...toolsOf(frontEnd), stdout, caller: { ...modelOf(frontEnd), interface: "mcp" } });
  } finally {
    setTimeout(() => process.exit(0), CLOSE_LIMIT).unref();
    await frontEnd.close();
  }
  // A pipe that the client left open would keep the process alive.
  process.exit(0);
}

async function serveHttp(frontEnd: FrontEnd, http: McpHttpOptions): Promise<void> {
  const { listen, makeTokenFile, mcpOverHttp, readTokenFile, sameToken } = await import("@brains/mcp/http");
  const tokenFile = join(frontEnd.brain.home, TOKEN_FILE);
  await makeTokenFile(tokenFile);
  const mcp = mcpOverHttp({
    ...toolsOf(frontEnd),
    names: [...http.names, ...ownName(http.host)],
    onError: (error) => process.stderr.write(`brains mcp: ${error.message}\n`),
    verify: async (token) => (sameToken(token, await readTokenFile(tokenFile)) ? modelOf(frontEnd) : undefined),
  });
  const { url, close } = await listen(mcp, http);
  http.onReady({ url, tokenFile });
  await aborted(http.signal);
  await close();
}

function toolsOf({ shell, keeper }: FrontEnd) {
  return {
    shell,
    version: appVersion(),
    async trouble({ looked }: { looked: boolean }) {
      if (looked) await keeper.settled();
      return keeper.trouble();
    },
  };
}

/** One principal for all models that the owner of this brain connects, whichever way: each sees what the others started. */
function modelOf({ brain }: FrontEnd): TokenHolder {
  return { principal: "mcp", role: brain.config.mcp.role };
}

/** An address that was chosen is asked for by itself; one that stands for all of them is no name. */
function ownName(host: string | undefined): string[] {
  if (host === undefined || ["0.0.0.0", "::"].includes(host)) return [];
  return [isIPv6(host) ? `[${host}]` : host];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
