// A server over HTTP on a real shell and queue, and requests made by hand, so that what a client library would refuse to send is sent too.
import { request as httpRequest } from "node:http";
import { defineJob, definePlugin, defineTool, type AnyPlugin } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { TokenHolder } from "../src/bearer.ts";
import { mcpOverHttp, type McpHttpOptions } from "../src/http.ts";
import { listen } from "../src/listen.ts";

/** Waits for lines of input, and echoes them. */
const ask = defineJob({
  type: "ask",
  input: z.object({ times: z.number().default(1) }),
  async run({ times }, job) {
    const said: (string | undefined)[] = [];
    job.progress({ current: 0, message: "asking" });
    while (said.length < times) {
      job.waitsForInput(true);
      const piece = await job.readInput();
      job.waitsForInput(false);
      said.push(piece?.text);
    }
    return { said };
  },
});
const approve = defineJob({
  type: "approve",
  input: z.object({}),
  run: async (_, job) => job.requestDecision({ name: "go", question: "Shall it go on?" }),
});
const count = defineJob({
  type: "count",
  input: z.object({ to: z.number().int().min(0).max(100), fail: z.boolean().default(false) }),
  async run({ to, fail }, job) {
    for (let current = 1; current <= to; current++) job.progress({ current, total: to, unit: "numbers" });
    if (fail) throw new Error("counted to the end and broke");
    return { counted: to };
  },
  maxAttempts: 1,
});

const kinds = definePlugin({
  id: "kinds",
  jobs: [ask, approve, count],
  tools: [
    defineTool({
      name: "ask",
      description: "Ask.",
      input: ask.input,
      run: (input, context) => context.enqueueJob(ask, input, { label: "Ask" }),
    }),
    defineTool({
      name: "ask-two",
      description: "Ask two.",
      run: (_, context) =>
        context.enqueueBatch(
          [
            { job: ask, data: {} },
            { job: ask, data: {} },
          ],
          { label: "Two" },
        ),
    }),
    defineTool({ name: "approve", description: "Approve.", run: (_, context) => context.enqueueJob(approve, {}) }),
    defineTool({
      name: "count",
      description: "Count.",
      input: count.input,
      run: (input, context) => context.enqueueJob(count, input, { label: "Count" }),
    }),
    defineTool({
      name: "echo",
      description: "Echo.",
      input: z.object({ said: z.string() }),
      annotations: { readOnly: true },
      run: ({ said }) => ({ said }),
    }),
  ],
});

const HOLDERS: Readonly<Record<string, TokenHolder>> = {
  ada: { principal: "ada", role: "operator" },
  bob: { principal: "bob", role: "operator" },
  eve: { principal: "eve", role: "approver" },
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
export interface Reply {
  readonly status: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

export const MODERN = "2026-07-28";
const JSON_HEADERS = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };

/** Tokens are `ada`, `bob` (operators) and `eve` (an approver). */
export async function serveHttp(options: Partial<McpHttpOptions> = {}, plugins: readonly AnyPlugin[] = []) {
  const kit = await createTestShell({ plugins: [kinds, ...plugins] });
  const mcp = mcpOverHttp({ shell: kit.shell, version: "0", verify: async (token) => HOLDERS[token], ...options });
  const listening = await listen(mcp, { port: 0 });
  onTestFinished(async () => {
    await listening.close();
    await kit.dispose();
  });
  const url = new URL(listening.url);

  /** One request as it is; headers that are undefined are left out. */
  const send = (headers: Record<string, string | undefined>, body = "", method = "POST", path = "/mcp") =>
    new Promise<Answer>((resolve, reject) => {
      const all = { Host: url.host, Authorization: "Bearer ada", ...JSON_HEADERS, ...headers };
      const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const request = httpRequest({ host: url.hostname, port: url.port, path, method }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      for (const [name, value] of given) request.setHeader(name, value);
      request.on("error", reject).end(body);
    });
  let last = 0;
  /** One request of the present revision, answered in one piece. */
  const call = async (method: string, params: object = {}, { token = "ada", tasks = false } = {}): Promise<Reply> => {
    const clientCapabilities = tasks ? { extensions: { "io.modelcontextprotocol/tasks": {} } } : {};
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
      "io.modelcontextprotocol/clientCapabilities": clientCapabilities,
    };
    const { name, taskId, uri } = params as { name?: string; taskId?: string; uri?: string };
    const headers = { Authorization: `Bearer ${token}`, "MCP-Protocol-Version": MODERN, "Mcp-Method": method };
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++last, method, params: { ...params, _meta } });
    const answer = await send({ ...headers, "Mcp-Name": name ?? taskId ?? uri }, body);
    const json = answer.headers["content-type"]?.includes("event-stream")
      ? (/^data: (.*"id".*)$/m.exec(answer.text)?.[1] ?? "{}")
      : answer.text;
    return { status: answer.status, ...(JSON.parse(json) as object) };
  };
  const tool = (name: string, args: object = {}, as: { token?: string; tasks?: boolean } = {}) =>
    call("tools/call", { name, arguments: args }, as);
  return { kit, mcp, url, send, call, tool };
}
