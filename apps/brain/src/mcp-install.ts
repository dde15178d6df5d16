import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrainOptions, McpInstallReport } from "@brains/cli";
import { planInstall, type Connection } from "@brains/mcp/clients";
import { findBrain, prepareHome, type Brain } from "@brains/shell";
import { TOKEN_FILE } from "./mcp-token-file.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** What would connect a client to this brain. With `http` the token is made now, since it is written into the client's file. */
export async function planMcpInstall(
  options: BrainOptions & { readonly client: string; readonly name: string; readonly http?: number | undefined },
): Promise<McpInstallReport> {
  const { client, name, http, env } = options;
  const brain = await findBrain(options);
  const place = { platform: process.platform, home: env["HOME"] || homedir(), env };
  const tokenFile = join(brain.home, TOKEN_FILE);
  const connection = (token: string): Connection =>
    http === undefined ? startedBy(brain) : { url: `http://127.0.0.1:${http}/mcp`, token };
  return {
    ...planInstall(client, name, connection(""), place),
    ...(http !== undefined && { tokenFile }),
    async write() {
      const token = http === undefined ? "" : await tokenOf(brain, tokenFile);
      return planInstall(client, name, connection(token), place).write();
    },
  };
}

/** A client has neither this terminal's folder nor its PATH, so everything is named in full. */
function startedBy({ configFile, home }: Brain): Connection {
  const which = configFile === undefined ? ["--home", home] : ["--config", configFile];
  return { command: process.execPath, args: [MAIN, "mcp", ...which] };
}

async function tokenOf(brain: Brain, file: string): Promise<string> {
  const { makeTokenFile, readTokenFile } = await import("@brains/mcp/http");
  await prepareHome(brain);
  await makeTokenFile(file);
  return readTokenFile(file);
}
