import { PassThrough } from "node:stream";
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { serveStdio } from "../src/stdio.ts";

const count = defineJob({
  type: "count",
  input: z.object({ to: z.number().int().min(1).max(100), fail: z.boolean().default(false) }),
  async run({ to, fail }, job) {
    for (let current = 1; current <= to; current++) {
      job.progress({ current, total: to, unit: "numbers" });
      job.log(`counted ${current}`);
      await job.step(`${current}`, () => current);
    }
    if (fail) throw new Error("counted to the end and broke");
    return { counted: to };
  },
  maxAttempts: 1,
});

const counting = definePlugin({
  id: "counting",
  jobs: [count],
  tools: [
    defineTool({
      name: "count",
      description: "Count.",
      input: count.input,
      run: (input, context) => context.enqueueJob(count, input, { label: "Count" }),
    }),
    defineTool({ name: "list", description: "List.", annotations: { readOnly: true }, run: () => ["a", "b"] }),
  ],
});

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly progress: number; readonly total: number; readonly uri?: string };
  readonly result?: {
    readonly isError?: boolean;
    readonly content: { text: string }[];
    readonly structuredContent?: Record<string, unknown>;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

async function serve(trouble?: string) {
  const kit = await createTestShell({ plugins: [counting] });
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const messages: Message[] = [];
  stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) messages.push(JSON.parse(line) as Message);
  });
  const served = serveStdio({
    shell: kit.shell,
    caller: { principal: "mcp", role: "operator", interface: "mcp" },
    version: "0.0.0",
    trouble: async () => trouble,
    stdin,
    stdout,
  });
  onTestFinished(async () => {
    stdin.end();
    await served;
    await kit.dispose();
  });
  let last = 0;
  const send = (method: string, params: object, id?: number): void =>
    void stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...(id !== undefined && { id }), method, params })}\n`);
  const request = async (method: string, params: object): Promise<Message> => {
    const id = ++last;
    send(method, params, id);
    return vi.waitFor(() => {
      const answer = messages.find((message) => message.id === id);
      if (!answer) throw new Error(`no answer to ${method}`);
      return answer;
    });
  };
  await request("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "test", version: "0" },
  });
  send("notifications/initialized", {});
  return {
    kit,
    stdin,
    served,
    messages,
    send,
    request,
    call: (name: string, args: object, meta?: object) => request("tools/call", { name, arguments: args, _meta: meta }),
  };
}

test("a call that waits ends with the result and no id is lost", async () => {
  const { call, messages } = await serve();
  const { result } = await call("counting_count", { to: 5, wait: 30 }, { progressToken: "p" });
  expect(result?.structuredContent).toMatchObject({
    status: "completed",
    result: { counted: 5 },
    jobId: expect.any(String),
    number: 1,
  });
  const progress = messages
    .filter((message) => message.method === "notifications/progress")
    .map(({ params }) => params?.progress ?? 0);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  // Held back or not, the last one is sent.
  expect(progress.at(-1)).toBe(5);
  expect(new Set(progress).size).toBe(progress.length);
});

test("a job that failed is an error with its reason, and its number", async () => {
  const { call } = await serve();
  const { result } = await call("counting_count", { to: 1, fail: true, wait: 30 });
  expect(result).toMatchObject({ isError: true, structuredContent: { status: "failed", number: 1 } });
  expect(result?.content.at(-1)?.text).toContain("counted to the end and broke");
});

test("without a progress token no progress is sent", async () => {
  const { call, messages } = await serve();
  await call("counting_count", { to: 5, wait: 30 });
  expect(messages.filter((message) => message.method === "notifications/progress")).toEqual([]);
});

test("a list is wrapped, because typed content is an object", async () => {
  const { call } = await serve();
  expect((await call("counting_list", {})).result?.structuredContent).toEqual({ result: ["a", "b"] });
});

test("a trouble of the brain is told with every answer", async () => {
  const { call } = await serve("No worker could be started: no licence.");
  expect((await call("counting_count", { to: 1 })).result?.structuredContent).toMatchObject({
    status: "queued",
    warning: "No worker could be started: no licence.",
  });
});

test("an unknown tool is a protocol error that knows what was meant", async () => {
  const { call } = await serve();
  expect((await call("counting:count", {})).error).toMatchObject({
    code: -32602,
    message: expect.stringContaining("counting_count"),
  });
});

test("a client that subscribed is told of new output, and of nothing that it unsubscribed from", async () => {
  const { request, call, messages } = await serve();
  const subscribe = async (uri: string) => (await request("resources/subscribe", { uri })).error?.code;
  expect(await subscribe("job://1")).toBe(-32602);
  await call("counting_count", { to: 1, fail: true, wait: 30 });
  for (const uri of ["job://1", "job://1/output"]) expect(await subscribe(uri)).toBeUndefined();
  expect(await subscribe("job://1/output?after=")).toBe(-32602);
  await request("resources/unsubscribe", { uri: "job://1" });
  await call("shell_retry", { id: 1 });
  const updates = () => messages.filter(({ method }) => method === "notifications/resources/updated");
  await vi.waitFor(() => expect(updates()).not.toEqual([]), { timeout: 5000 });
  expect(updates().map(({ params }) => params?.uri)).not.toContain("job://1");
});

test("a model can neither see nor call what is for persons", async () => {
  const { request, call } = await serve();
  const { result } = await request("tools/list", {});
  expect(JSON.stringify(result)).not.toContain("shell_decide");
  expect((await call("shell_decide", { ids: 1, choice: "approve" })).error?.code).toBe(-32602);
});

test("serving ends with stdin, even when a call still waits; its job goes on", async () => {
  const { kit, stdin, served, send, messages } = await serve();
  send("tools/call", { name: "counting_count", arguments: { to: 3, wait: 50 } }, 99);
  stdin.end();
  await served;
  expect(messages.find((message) => message.id === 99)).toBeUndefined();
  await vi.waitFor(async () => expect((await kit.queue.service.list()).items).toMatchObject([{ state: "completed" }]));
});
