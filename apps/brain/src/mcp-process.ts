import type { BrainOptions, StreamPorts } from "@brains/cli";
import { claimStdout, serveStdio } from "@brains/mcp";
import { openFrontEnd, takeUpLeftWork } from "./session.ts";
import { appVersion } from "./version.ts";

/** Milliseconds that closing may take after the client has gone: a server that nobody talks to must not linger. */
const CLOSE_LIMIT = 5_000;

/** Serves the brain's tools to the MCP client at the other end of stdin and stdout, and ends the process when it has gone. */
export async function serveMcp(options: BrainOptions & StreamPorts): Promise<number> {
  // Before anything of a plugin runs.
  const stdout = claimStdout();
  const frontEnd = await openFrontEnd({ ...options, plugins: true });
  const { shell, keeper, brain } = frontEnd;
  // Not awaited: a client wants its answer to the first message at once.
  void takeUpLeftWork(frontEnd);
  try {
    await serveStdio({
      stdout,
      shell,
      caller: { principal: "mcp", role: brain.config.mcp.role, interface: "mcp" },
      version: appVersion(),
      async trouble({ looked }) {
        if (looked) await keeper.settled();
        return keeper.trouble();
      },
    });
  } finally {
    setTimeout(() => process.exit(0), CLOSE_LIMIT).unref();
    await frontEnd.close();
  }
  // A pipe that the client left open would keep the process alive.
  process.exit(0);
}
