import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { isAlive, LIMIT, makeBrain } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";
import { CLIENTS, connect } from "./mcp-clients.ts";

const CONTENT = { "content/one.md": "# One\n\nThe first note.\n", "content/two.md": "# Two\n\nThe second note.\n" };

describe.each(CLIENTS)("over stdio with %s", (name) => {
  test("the site tools answer at once with ids, and shell_status shows their work", async () => {
    const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - site-builder\n", ...CONTENT } });
    const client = await connect(brain, name);
    const tools = await client.list();
    expect(tools.map((tool) => tool.name)).toEqual(
      expect.arrayContaining([
        "shell_status",
        "shell_wait",
        "site_builder_generate",
        "site_builder_promote_all",
        "site_builder_rollback_all",
        "site_builder_build_site",
      ]),
    );
    expect(tools.map((tool) => tool.name)).not.toContain("shell_decide");
    for (const tool of tools) {
      expect(tool.name).toMatch(/^[a-z0-9_]{1,48}$/);
      expect(Buffer.byteLength(tool.description ?? "")).toBeLessThan(2048);
      expect(Object.keys(tool.annotations ?? {})).toEqual(
        expect.arrayContaining(["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"]),
      );
    }
    expect(Buffer.byteLength(client.instructions ?? "")).toBeLessThan(2048);

    const ids: string[] = [];
    for (const tool of ["site_builder_generate", "site_builder_promote_all", "site_builder_rollback_all"]) {
      const { isError, structuredContent, content } = await client.call(tool);
      expect(isError, content[0]?.text).toBeFalsy();
      expect(structuredContent).toMatchObject({ status: "queued" });
      expect(JSON.parse(content[0]?.text ?? "")).toEqual(structuredContent);
      ids.push(String(structuredContent?.["batchId"] ?? structuredContent?.["jobId"]));
    }
    const status = await client.call("shell_status");
    const operations = status.structuredContent?.["operations"] as { id: string; plugin: string }[];
    for (const id of ids) expect(operations).toContainEqual(expect.objectContaining({ id, plugin: "site-builder" }));

    const waited = await client.call("shell_wait", { ids, timeout: 30 });
    expect(waited.structuredContent).toMatchObject({ ended: true });
  });
});

test("waiting streams progress that only grows, and ends with the result", async () => {
  const brain = await gatesBrain();
  const client = await connect(brain);
  const readings: { progress: number; total?: number }[] = [];
  const answer = client.call(
    "gates_sections",
    { count: 6, gateAt: 3, wait: 40 },
    {
      onprogress: (reading) => {
        readings.push(reading);
        if (reading.progress >= 1) void brain.open("sections");
      },
    },
  );
  expect((await answer).structuredContent).toMatchObject({ status: "completed", completedOperations: 6 });
  expect(readings.length).toBeGreaterThan(0);
  expect(readings.every(({ total }) => total === 6)).toBe(true);
  const numbers = readings.map(({ progress }) => progress);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
});

test("a call that waits in vain answers with the ids, and the work goes on", async () => {
  const brain = await gatesBrain();
  const client = await connect(brain);
  const { structuredContent } = await client.call("gates_steps", { wait: 1 });
  expect(structuredContent).toMatchObject({ status: "queued", timedOut: true });
  for (const gate of ["one", "two", "three"]) await brain.open(gate);
  const ended = await client.call("shell_wait", { ids: [structuredContent?.["jobId"]], timeout: 30 });
  expect(ended.structuredContent).toMatchObject({ ended: true });
});

test("a client that cancels its call or is killed does not harm the job, and the server is gone at once", async () => {
  const brain = await gatesBrain();
  const queue = await brain.queue();
  const client = await connect(brain);
  const cancelled = new AbortController();
  const call = client.call("gates_steps", { wait: 50 }, { signal: cancelled.signal });
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toEqual(["one began"]), LIMIT);
  cancelled.abort();
  await expect(call).rejects.toThrow();

  await client.close();
  await vi.waitFor(() => expect(isAlive(client.pid)).toBe(false), LIMIT);
  for (const gate of ["one", "two", "three"]) await brain.open(gate);
  await vi.waitFor(
    async () => expect((await queue.service.list()).items).toMatchObject([{ state: "completed", attempt: 1, run: 1 }]),
    LIMIT,
  );

  // Yesterday's id still answers, to another client.
  const [job] = (await queue.service.list()).items;
  const later = await connect(brain, "sdk 1.32");
  const status = await later.call("shell_status", { id: job?.id });
  expect(status.structuredContent?.["operations"]).toMatchObject([{ id: job?.id, status: "completed" }]);
});

test("a server that was started before a plugin changed says so until it is started again", async () => {
  const brain = await gatesBrain();
  const client = await connect(brain);
  const steps = { count: 1, gateAt: 9, wait: 40 };
  expect((await client.call("gates_sections", steps)).structuredContent).not.toHaveProperty("warning");
  await brain.write("gates.ts", `${await readFile(join(brain.dir, "gates.ts"), "utf8")}\n// Changed.\n`);
  expect((await brain.run("run", "sections", "--count", "1", "--gateAt", "9", "--wait")).code).toBe(0);
  // The work itself is done, by the new worker.
  const { structuredContent } = await client.call("gates_sections", steps);
  expect(structuredContent).toMatchObject({
    status: "completed",
    warning: expect.stringContaining("Start it again") as string,
  });
  const again = await connect(brain);
  expect((await again.call("gates_sections", steps)).structuredContent).not.toHaveProperty("warning");
});

test("the same idempotency key starts the work once, and other input under it is refused", async () => {
  const brain = await gatesBrain();
  const client = await connect(brain);
  const once = await client.call("gates_sections", { count: 1, gateAt: 9, idempotencyKey: "mine" });
  const again = await client.call("gates_sections", { count: 1, gateAt: 9, idempotencyKey: "mine" });
  expect(again.structuredContent?.["batchId"]).toBe(once.structuredContent?.["batchId"]);
  const other = await client.call("gates_sections", { count: 2, gateAt: 9, idempotencyKey: "mine" });
  expect(other.isError).toBe(true);
  expect(other.content[0]?.text).toMatch(/^IDEMPOTENCY_MISMATCH: /);
});

test("errors are answers with a code and the next step", async () => {
  const brain = await gatesBrain();
  const client = await connect(brain);
  const missing = await client.call("gates_sections", {});
  expect(missing).toMatchObject({ isError: true });
  expect(missing.content[0]?.text).toMatch(/^INVALID_INPUT: .*count/s);
  expect((await client.call("gates_sections", { count: 1, gateAt: 9, wait: "long" })).content[0]?.text).toMatch(
    /^INVALID_INPUT: wait/,
  );
  expect((await client.call("shell_status", { id: "99999" })).content[0]?.text).toMatch(/^NOT_FOUND: /);
  expect((await client.call("gates_crash")).content[0]?.text).toMatch(/the tool broke/);
  await expect(client.call("gates_nothing")).rejects.toThrow(/Unknown tool: gates_nothing/);
  const capped = await client.call("gates_sections", { count: 1, gateAt: 9, wait: 900 });
  expect(capped.structuredContent).toMatchObject({ status: "completed", waitCapped: 50 });
});

test("what a plugin prints never reaches the protocol, and its control sequences never reach a model", async () => {
  const noisy = `
import { definePlugin, defineTool } from "@brains/plugin";
console.log("loading");
export default definePlugin({ id: "noisy", tools: [defineTool({ name: "talk", description: "Talk.", annotations: { readOnly: true },
  run: () => { console.log("hello"); process.stdout.write("raw\\n"); return { said: "\\u001b[31mred\\u001b]0;title\\u0007" }; } })] });
`;
  const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - ./noisy.ts\n", "noisy.ts": noisy } });
  const child = brain.start("mcp");
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  send({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "0" } },
  });
  send({ method: "notifications/initialized" });
  send({ id: 2, method: "tools/call", params: { name: "noisy_talk", arguments: {} } });
  await vi.waitFor(() => expect(out).toContain('"id":2'), LIMIT);
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.stdin.end();
  expect(await closed).toBe(0);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { jsonrpc: string });
  expect(lines.every(({ jsonrpc }) => jsonrpc === "2.0")).toBe(true);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ result: { structuredContent: { said: "red" } } });
  expect(err).toContain("hello");
});

test("two tools that would share a wire name stop the server, by name", async () => {
  const plugin = (id: string, tool: string): string =>
    `import { definePlugin, defineTool } from "@brains/plugin";\nexport default definePlugin({ id: "${id}", tools: [defineTool({ name: "${tool}", description: "x", run: () => 1 })] });\n`;
  const brain = await makeBrain({
    files: {
      "brains.yaml": "plugins:\n  - ./a.ts\n  - ./b.ts\n",
      "a.ts": plugin("site", "builder-run"),
      "b.ts": plugin("site-builder", "run"),
    },
  });
  const { code, stderr, stdout } = await brain.run("mcp");
  expect(stderr).toContain("site_builder_run");
  expect(code).not.toBe(0);
  expect(stdout).toBe("");
});

test("the role in the config decides what is offered", async () => {
  const plugin = await readFile(new URL("./fixtures/gates.ts", import.meta.url), "utf8");
  const brain = await makeBrain({
    files: { "brains.yaml": "plugins:\n  - ./gates.ts\nmcp:\n  role: viewer\n", "gates.ts": plugin },
  });
  const client = await connect(brain);
  const names = (await client.list()).map((tool) => tool.name);
  expect(names).toContain("shell_status");
  expect(names.filter((name) => name.startsWith("gates_"))).toEqual([]);
  await expect(client.call("gates_steps")).rejects.toThrow(/Unknown tool/);
});
