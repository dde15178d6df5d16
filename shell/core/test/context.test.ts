import { describe, expect, test } from "vitest";
import { z } from "zod";
import { batchOf, defineJob, definePlugin, defineTool } from "@brains/plugin";
import type { Caller, PluginContext } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";

const ADA: Caller = {
  principal: "ada",
  role: "operator",
  interface: "matrix",
  conversation: "!room",
  kind: "person",
  reply: { room: "!room" },
};
const ORIGIN = { principal: "ada", role: "operator", interface: "matrix", conversation: "!room" };

const child = defineJob({ type: "child", input: z.object({ n: z.number().default(7) }), run: ({ n }) => n });

const family = definePlugin({
  id: "family",
  jobs: [
    child,
    defineJob({
      type: "parent",
      input: z.object({}),
      run: async (_i, _job, context) => (await context.enqueueJob(child, {})).number,
    }),
    defineJob({
      type: "planner",
      input: z.object({}),
      async run(_i, job) {
        await job.addToBatch([
          { type: "child", data: { n: 1 } },
          { type: "family:child", data: { n: 2 } },
        ]);
      },
    }),
  ],
  register(context) {
    // The context of registration, used later inside a handler and a tool: what it does still belongs to their callers.
    context.registerJobHandler("old-style", { process: async () => (await context.enqueueJob(child, {})).number });
    return {
      tools: [
        defineTool({
          name: "captured",
          description: "Uses the captured context",
          run: () => context.enqueueJob(child, {}),
        }),
      ],
    };
  },
  tools: [
    defineTool({ name: "parent", description: "Parent", run: (_i, c) => c.enqueueJob("parent", {}) }),
    defineTool({ name: "old-style", description: "Old style", run: (_i, c) => c.enqueueJob("family:old-style", {}) }),
    defineTool({
      name: "plan",
      description: "Plan",
      run: (_i, c) => c.enqueueBatch([batchOf("planner", {})], { open: true, label: "Plan" }),
    }),
    defineTool({ name: "nested", description: "Calls another tool", run: (_i, c) => c.callTool("family:parent", {}) }),
  ],
});

test("a batch that is still planned is not said to have a size", async () => {
  await using brain = await createTestShell({ plugins: [family] });
  const reply = await brain.call("family:plan");
  expect(reply).not.toHaveProperty("queued.totalOperations");
  expect(reply).toMatchObject({
    queued: { message: "Plan: queued as batch #1; how many jobs it has is not known yet." },
  });
});

describe("the origin of a call", () => {
  test.each(["parent", "old-style"])("is inherited by what its job enqueues (%s)", async (tool) => {
    await using brain = await createTestShell({ plugins: [family] });
    const { result } = await brain.run(`family:${tool}`, {}, { caller: ADA });
    await brain.queue.drain();
    expect(await brain.queue.service.getStatus(result as number)).toMatchObject({
      type: "family:child",
      origin: ORIGIN,
      state: "completed",
      result: 7,
    });
  });

  test("is inherited through a context that was captured at registration, and through a nested call", async () => {
    await using brain = await createTestShell({ plugins: [family] });
    for (const tool of ["family:captured", "family:nested"]) {
      const reply = await brain.call(tool, {}, { caller: ADA });
      expect(reply.kind).toBe("queued");
      const { jobId } = (reply as { queued: { jobId: string } }).queued;
      expect(await brain.queue.service.getStatus(jobId)).toMatchObject({ origin: ORIGIN });
    }
  });

  test("is inherited by members that a planning job adds under its plugin's own names", async () => {
    await using brain = await createTestShell({ plugins: [family] });
    const { batch } = await brain.run("family:plan", {}, { caller: ADA });
    expect(batch).toMatchObject({ status: "completed" });
    const members = await brain.queue.service.list({ batch: batch!.batchId, type: "family:child" });
    expect(members.items.map((job) => job.origin?.principal)).toEqual(["ada", "ada"]);
  });

  test("is the plugin itself outside of any call", async () => {
    const starter = definePlugin({
      id: "starter",
      jobs: [child],
      start: async (context) => void (await context.enqueueJob(child, {})),
    });
    await using brain = await createTestShell({ plugins: [starter] });
    expect((await brain.queue.service.list()).items[0]?.origin).toMatchObject({ principal: "plugin:starter" });
  });
});

describe("a plugin's context", () => {
  const withContext = async (use: (context: PluginContext) => Promise<unknown>) => {
    const plugin = definePlugin({
      id: "one",
      jobs: [child],
      tools: [defineTool({ name: "use", description: "Use", run: async (_i, c) => ({ got: await use(c) }) })],
    });
    const rival = definePlugin({
      id: "two",
      tools: [defineTool({ name: "use", description: "Use", run: async (_i, c) => ({ got: await c.kv.get("key") }) })],
    });
    return createTestShell({ plugins: [plugin, rival] });
  };

  test("keeps its values apart from other plugins'", async () => {
    await using brain = await withContext(async ({ kv }) => {
      await kv.set("key", { a: 1 });
      return [
        await kv.get("key"),
        await kv.list(),
        await kv.delete("key"),
        await kv.delete("key"),
        (await kv.set("key", 2), 0),
      ];
    });
    expect(await brain.run("one:use")).toMatchObject({
      result: { got: [{ a: 1 }, [{ key: "key", value: { a: 1 } }], true, false, 0] },
    });
    expect(await brain.run("two:use")).toMatchObject({ result: { got: undefined } });
  });

  test("refuses another plugin's job types, and unknown ones with the nearest name", async () => {
    await using foreign = await withContext((context) => context.enqueueJob("two:child", {}));
    await expect(foreign.call("one:use")).rejects.toMatchObject({ code: "FOREIGN_NAME" });
    await using unknown = await withContext((context) => context.enqueueJob("chidl", {}));
    await expect(unknown.call("one:use")).rejects.toMatchObject({
      code: "UNKNOWN_JOB",
      message: expect.stringContaining('Did you mean "child"?'),
    });
  });

  test("refuses data that does not fit, and a batch with one such member as a whole", async () => {
    await using brain = await withContext((context) =>
      context.enqueueBatch([batchOf(child, { n: 1 }), { type: "child", data: { n: "two" } }]),
    );
    await expect(brain.call("one:use")).rejects.toMatchObject({ code: "INVALID_DATA" });
    expect((await brain.queue.service.list()).items).toEqual([]);
  });

  test("refuses to wait for a job inside a handler", async () => {
    const plugin = definePlugin({
      id: "waiter",
      jobs: [
        child,
        defineJob({
          type: "waits",
          input: z.object({}),
          maxAttempts: 1,
          run: (_i, job, context) => context.waitForJob(job.id),
        }),
      ],
    });
    await using brain = await createTestShell({ plugins: [plugin] });
    await expect(brain.perform("waiter:waits", {})).rejects.toThrow("job.waitFor");
  });

  test("lists its own active batches, and the tools that it may call", async () => {
    await using brain = await withContext(async (context) => {
      await context.enqueueBatch([batchOf(child, {})], { label: "mine" });
      return {
        batches: (await context.getActiveBatches()).map((batch) => batch.label),
        tools: context.listTools().map((tool) => tool.name),
      };
    });
    const { result } = await brain.run("one:use");
    expect(result).toMatchObject({
      got: { batches: ["mine"], tools: expect.arrayContaining(["two:use", "shell:status"]) },
    });
    expect((result as { got: { tools: string[] } }).got.tools).not.toContain("shell:decide");
  });
});

test("a result that does not fit its job's output schema fails the job at once", async () => {
  const wrong = defineJob({
    type: "wrong",
    input: z.object({}),
    output: z.object({ n: z.number() }),
    run: () => ({ n: "x" }) as never,
  });
  await using brain = await createTestShell({ plugins: [definePlugin({ id: "bad", jobs: [wrong] })] });
  await expect(brain.perform(wrong, {})).rejects.toThrow("output schema: n:");
  expect(await brain.queue.service.getStatus(1)).toMatchObject({ state: "failed", attempt: 1 });
});
