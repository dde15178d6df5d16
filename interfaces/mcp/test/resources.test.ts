import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { ResourceWatch } from "../src/resources/watch.ts";
import { MODERN, serveHttp } from "./http-rig.ts";

const write = defineJob({
  type: "write",
  input: z.object({ lines: z.number(), size: z.number().default(10) }),
  run({ lines, size }, job) {
    for (let line = 1; line <= lines; line++) job.log(`\u001B[31m${line} ${"x".repeat(size)}\u001B[0m`);
    return { text: "y".repeat(size * lines) };
  },
});
const writing = definePlugin({
  id: "writing",
  jobs: [write],
  tools: [
    defineTool({
      name: "write",
      description: "Write.",
      input: write.input,
      run: (input, context) => context.enqueueJob(write, input, { label: "Write" }),
    }),
  ],
});

interface Content {
  readonly uri: string;
  readonly text: string;
}

async function serve() {
  const server = await serveHttp({}, [writing]);
  const read = async (uri: string, token = "ada"): Promise<Content[]> => {
    const { result, error } = await server.call("resources/read", { uri }, { token });
    if (error) throw new Error(`${error.code}: ${error.message}`);
    return (result as { contents: Content[] }).contents;
  };
  const json = async (uri: string, token?: string): Promise<Record<string, unknown>> =>
    JSON.parse((await read(uri, token))[0]?.text ?? "") as Record<string, unknown>;
  const complete = async (uri: string, value: string) => {
    const params = { ref: { type: "ref/resource", uri }, argument: { name: "id", value } };
    return (await server.call("completion/complete", params)).result?.["completion"];
  };
  return { ...server, read, json, complete };
}

test("an answer that hands a job over links to its output, which is read from its end or page by page", async () => {
  const { tool, read } = await serve();
  const { result } = await tool("writing_write", { lines: 30, size: 1000 });
  expect(result).toMatchObject({
    content: [{ type: "text" }, { type: "resource_link", uri: "job://1/output", mimeType: "text/plain" }],
  });
  const [tail, note] = await vi.waitFor(async () => {
    const contents = await read("job://1/output");
    expect(JSON.parse(contents[1]?.text ?? "")).toMatchObject({ ended: true });
    return contents;
  });
  expect(tail?.text.length).toBeLessThanOrEqual(8 * 1024);
  expect(tail?.text).toMatch(/^23 x+\n[^]*\n30 x+\n$/);
  expect(note?.text).toContain("Earlier lines");
  // From the beginning on, every page behind the one before, nothing twice and nothing left out.
  const seen: string[] = [];
  for (let next: string | undefined = "job://1/output?after=&bytes=4000"; next !== undefined;) {
    const [page, more]: Content[] = await read(next);
    seen.push(...(page?.text ?? "").split("\n").filter((line) => line !== ""));
    const said = JSON.parse(more?.text ?? "{}") as { next?: string };
    next = said.next && `${said.next}&bytes=4000`;
  }
  expect(seen.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
});

test("a job and a batch are read by number or id; a long result has an address of its own", async () => {
  const { tool, json, read } = await serve();
  const { result } = await tool("writing_write", { lines: 9, size: 1000, wait: 30 });
  const { jobId } = (result ?? {})["structuredContent"] as { jobId: string };
  const state = await json(`job://${jobId}`);
  expect(state).toMatchObject({ number: 1, state: "completed", output: "job://1/output", resultAt: "job://1/result" });
  expect(state).not.toHaveProperty("result");
  expect(await json("job://1/result")).toEqual({ text: "y".repeat(9000) });
  await tool("kinds_ask_two");
  expect(await json("batch://2")).toMatchObject({ totalOperations: 2, jobs: [{ uri: "job://4" }, { uri: "job://3" }] });
  for (const uri of ["job://2", "batch://1", "job://99", "job://1/result?x=1", "batch://2/output"]) {
    await expect(read(uri), uri).rejects.toThrow("-32602");
  }
});

test("what came out is not read by who did not start it", async () => {
  const { tool, json, read } = await serve();
  await tool("writing_write", { lines: 1, wait: 30 });
  expect(await json("job://1")).toMatchObject({ result: { text: "y".repeat(10) } });
  expect(await json("job://1", "eve")).toHaveProperty("result");
  expect(await json("job://1", "bob")).toMatchObject({ withheld: true, state: "completed" });
  expect(await json("job://1", "bob")).not.toHaveProperty("result");
  await expect(read("job://1/result", "bob")).rejects.toThrow("-32602");
});

test("work is listed, its addresses are described, and ids are completed with numbers of recent work", async () => {
  const { tool, call, complete } = await serve();
  await tool("kinds_ask");
  await tool("kinds_ask_two");
  const { resources } = (await call("resources/list")).result as { resources: { uri: string }[] };
  expect(resources.map(({ uri }) => uri).toSorted()).toEqual(["batch://2", "job://1"]);
  const { resourceTemplates } = (await call("resources/templates/list")).result as {
    resourceTemplates: { uriTemplate: string }[];
  };
  const templates = resourceTemplates.map(({ uriTemplate }) => uriTemplate);
  expect(templates).toEqual(["job://{id}", "job://{id}/output{?after,bytes}", "job://{id}/result", "batch://{id}"]);
  expect(await complete("job://{id}", "")).toMatchObject({ values: ["4", "3", "1"] });
  expect(await complete("job://{id}/output{?after,bytes}", "3")).toMatchObject({ values: ["3"] });
  expect(await complete("batch://{id}", "")).toMatchObject({ values: ["2"] });
});

test("who listens for a resource is told that it changed, the last time after the end", async () => {
  const { tool, url, json, kit } = await serve();
  await tool("kinds_ask");
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const wanted = [
    "job://1",
    "job://1/output",
    "test://other",
    ...Array.from({ length: 100 }, (_, n) => `job://${n + 9}`),
  ];
  const response = await fetch(url, {
    method: "POST",
    signal: leaving.signal,
    headers: {
      Authorization: "Bearer ada",
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": MODERN,
      "Mcp-Method": "subscriptions/listen",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "subscriptions/listen",
      params: { notifications: { resourceSubscriptions: wanted }, _meta },
    }),
  });
  let told = "";
  const reading = response.body?.pipeTo(
    new WritableStream({ write: (chunk: Uint8Array) => void (told += Buffer.from(chunk).toString()) }),
  );
  reading?.catch(() => undefined);
  await vi.waitFor(() => expect(told).toContain("acknowledged"));
  // What is acknowledged is what is watched: the first hundred.
  expect(told).toContain('"job://105"');
  expect(told).not.toContain('"job://106"');
  const updates = (uri: string) => told.split(`"uri":"${uri}"`).length - 1;
  await kit.queue.service.sendInput(1, { text: "x" });
  await vi.waitFor(() => expect(updates("job://1")).toBeGreaterThan(0), { timeout: 5000 });
  // A client that reads when it is told sees the end.
  let seen = 0;
  await vi.waitFor(
    async () => {
      expect(updates("job://1")).toBeGreaterThan(seen);
      seen = updates("job://1");
      expect(await json("job://1")).toMatchObject({ state: "completed" });
    },
    { timeout: 5000 },
  );
});

test("an output that does not change has no news", async () => {
  const { kit, tool } = await serve();
  await tool("writing_write", { lines: 3, wait: 30 });
  const told: string[] = [];
  const watch = new ResourceWatch(kit.shell, (uri) => told.push(uri));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
    watch.close();
  });
  watch.add("job://1/output", kit.caller);
  for (let look = 0; look < 10; look++) {
    await vi.advanceTimersByTimeAsync(500);
    // The look takes turns of its own.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(told).toEqual([]);
});
