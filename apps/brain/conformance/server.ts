// A brain of the fixtures, over HTTP, in this process.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJobQueue } from "@brains/job-queue";
import { listen, mcpOverHttp } from "@brains/mcp/http";
import { createShell, type Shell } from "@brains/shell";
import { NATIVE_TOOLS } from "./native-tools.ts";
import { addPromptsAndResources } from "./prompts-resources.ts";
import { fixtures } from "./queue-fixtures.ts";

const PLUGIN = "suite:";
/** The suite sends none of its own. */
const TOKEN = "conformance";

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveFixtures(): Promise<Served> {
  const home = await mkdtemp(join(tmpdir(), "brains-conformance-"));
  const queue = await openJobQueue({ path: join(home, "brains.db"), durability: "process" });
  const shell = await createShell({ queue, brainDir: home, home, plugins: [fixtures] });
  await queue.start();
  const mcp = mcpOverHttp({
    shell: withoutPrefix(shell),
    version: "0.1.0",
    verify: async (token) => (token === TOKEN ? { principal: "suite", role: "operator" } : undefined),
    onlyAsTask: (tool) => tool === "failing-job",
    native: NATIVE_TOOLS,
    extend: addPromptsAndResources,
  });
  const served = await listen(withToken(mcp), { port: 0 });
  return {
    url: served.url,
    async close() {
      await served.close();
      await shell.stop();
      await queue.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The suite's names have no plugin in front of them. */
function withoutPrefix(shell: Shell): Shell {
  const own = new Set(fixtures.tools?.map(({ name }) => name));
  return {
    ...shell,
    listTools: (caller) => shell.listTools(caller).map((info) => ({ ...info, name: info.name.replace(PLUGIN, "") })),
    callTool: (name, ...rest) => shell.callTool(own.has(name) ? `${PLUGIN}${name}` : name, ...rest),
  };
}

/** As a client would that was told the token. */
function withToken(mcp: ReturnType<typeof mcpOverHttp>): ReturnType<typeof mcpOverHttp> {
  return {
    ...mcp,
    fetch(request) {
      const headers = new Headers(request.headers);
      headers.set("Authorization", `Bearer ${TOKEN}`);
      const { url, method, body, signal } = request;
      const duplex = "half" as const;
      return mcp.fetch(new Request(url, { method, headers, signal, ...(body && { body, duplex }) }));
    },
  };
}
