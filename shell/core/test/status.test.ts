import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { batchOf, defineJob, definePlugin, defineTool } from "@brains/plugin";
import type { BatchesReply, JobReply, JobsReply, LogsReply, StatusReply, ToolReply, WaitReply } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import type { TestShell } from "@brains/shell/testing";
import { feeds } from "./fixtures/feeds.ts";

/** A plugin whose jobs run until the test lets them go. */
function gated() {
  const gates = new Map<string, () => void>();
  const section = defineJob({
    type: "section",
    input: z.object({ name: z.string(), total: z.number().optional() }),
    concurrency: 1,
    async run({ name, total }, job) {
      if (total !== undefined) job.progress({ current: 8, total, unit: "sections", message: `writing ${name}` });
      job.log(`begin ${name}`);
      await new Promise<void>((resolve, reject) => {
        gates.set(name, resolve);
        job.signal.addEventListener("abort", () => reject(job.signal.reason as Error));
      });
      return name;
    },
  });
  const input = z.object({ names: z.array(z.string()), total: z.number().optional() });
  const plugin = definePlugin({
    id: "site",
    jobs: [section],
    tools: [
      defineTool({
        name: "one",
        description: "One",
        input,
        run: ({ names, total }, c) => c.enqueueJob(section, { name: names[0] ?? "", total }, { label: "Write" }),
      }),
      defineTool({
        name: "all",
        description: "All",
        input,
        run: ({ names, total }, c) =>
          c.enqueueBatch(
            names.map((name) => batchOf(section, { name, total }, { label: name })),
            { label: "Generate all", unit: "sections" },
          ),
      }),
    ],
  });
  return {
    plugin,
    open: async (name: string) => {
      await vi.waitFor(() => {
        if (!gates.has(name)) throw new Error(`${name} has not begun`);
      });
      gates.get(name)?.();
      gates.delete(name);
    },
  };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names what the caller knows the verb to answer
const data = <T>(reply: ToolReply) => (reply as { data: T }).data;
const status = async (brain: TestShell, input: object = {}) =>
  data<StatusReply>(await brain.call("shell:status", input));
const text = async (brain: TestShell, tool: string, input: object = {}) =>
  ((await brain.call(tool, input)) as { text: string }).text;

/** Progress and starts are journalled in their own time. */
async function until(brain: TestShell, holds: (reply: StatusReply) => boolean): Promise<StatusReply> {
  let reply = await status(brain);
  await vi.waitFor(async () => {
    await brain.queue.clock.advance(0);
    reply = await status(brain);
    if (!holds(reply)) throw new Error(JSON.stringify(reply.operations));
  });
  return reply;
}

test("nothing to do says so", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  expect(await status(brain)).toMatchObject({
    message: "Nothing is running.",
    operations: [],
    requests: [],
    more: false,
  });
});

test("a running job shows plugin, type, progress in words and numbers, current task, start and estimate", async () => {
  const { plugin } = gated();
  await using brain = await createTestShell({ plugins: [plugin] });
  await brain.call("site:one", { names: ["intro"], total: 12 });
  await until(
    brain,
    ({ operations }) => operations[0]?.status === "processing" && operations[0].progress !== undefined,
  );
  await brain.queue.clock.advance(120_000);
  const { message, operations } = await status(brain);
  expect(message).toBe("1 operation is running.");
  expect(operations[0]).toMatchObject({
    kind: "job",
    number: 1,
    plugin: "site",
    type: "site:section",
    label: "Write",
    status: "processing",
    progress: "8/12 sections (67%)",
    currentTask: "writing intro",
    startedAt: "2 minutes ago",
    estimatedCompletion: "in about 1 minute",
    estimateSource: "rate",
    counts: { current: 8, total: 12, unit: "sections", percent: 67 },
    times: { startedAt: "2026-01-01T00:00:00.000Z", estimatedCompletion: "2026-01-01T00:03:00.000Z", elapsed: 120_000 },
    origin: { principal: "tester", interface: "test" },
  });
  expect(await text(brain, "shell:status")).toContain(
    "#1 site Write: processing, 8/12 sections (67%), now: writing intro, started 2 minutes ago, done in about 1 minute by rate",
  );
});

test("a job without counters is estimated from past runs of its type, saying of how many", async () => {
  const { plugin, open } = gated();
  await using brain = await createTestShell({ plugins: [plugin] });
  for (const name of ["a", "b", "c"]) {
    await brain.call("site:one", { names: [name] });
    await until(brain, ({ operations }) => operations.some((one) => one.status === "processing"));
    await brain.queue.clock.advance(240_000);
    await open(name);
    await until(brain, ({ operations }) => operations.every((one) => one.status === "completed"));
  }
  await brain.call("site:one", { names: ["d"] });
  await until(brain, ({ operations }) => operations.some((one) => one.status === "processing"));
  await brain.queue.clock.advance(60_000);
  const [running] = (await status(brain, { state: "processing" })).operations;
  expect(running).toMatchObject({ estimatedCompletion: "in about 3 minutes", estimateSource: "history (n=3)" });
});

test("a batch is one operation with its members folded in, counted and estimated by its rate", async () => {
  const { plugin, open } = gated();
  await using brain = await createTestShell({ plugins: [plugin] });
  await brain.call("site:all", { names: ["a", "b", "c"] });
  await until(brain, ({ operations }) => operations[0]?.status === "processing");
  await brain.queue.clock.advance(60_000);
  await open("a");
  const { operations, message } = await until(
    brain,
    ({ operations: [one] }) => one?.counts.completed === 1 && one.currentTask !== undefined,
  );
  expect(message).toBe("1 operation is running.");
  expect(operations).toHaveLength(1);
  expect(operations[0]).toMatchObject({
    kind: "batch",
    plugin: "site",
    label: "Generate all",
    status: "processing",
    progress: "1/3 sections (33%)",
    currentTask: "b",
    startedAt: "1 minute ago",
    estimatedCompletion: "in about 2 minutes",
    estimateSource: "rate",
    counts: { completed: 1, failed: 0, total: 3 },
  });
});

test("what ended is shown for ten minutes, and by its id for ever", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.run("feeds:import", { urls: ["a"] });
  await brain.queue.clock.advance(9 * 60_000);
  expect(await status(brain)).toMatchObject({
    message: "Nothing is running; 1 operation ended.",
    operations: [{ number: 1, status: "completed" }],
  });
  await brain.queue.clock.advance(2 * 60_000);
  expect((await status(brain)).operations).toEqual([]);
  brain.queue.clock.set(brain.queue.clock.now() + 86_400_000);
  for (const id of [1, "1", "#1"]) {
    expect((await status(brain, { id })).operations).toMatchObject([
      { number: 1, status: "completed", progress: "1/1 feeds (100%)" },
    ]);
  }
});

test("what fails shows why, and what waits shows for what", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const { job } = await brain.run("feeds:ask");
  await brain.call("feeds:import", { urls: ["a"] }, { after: [job!.number] });
  await expect(brain.perform("feeds:flaky", { failures: 9 })).rejects.toThrow();
  const reply = await status(brain);
  const [asking, blocked, failed] = reply.operations;
  expect(reply.message).toMatch(/^2 operations are waiting; 1 needs a decision \(#\d+\); 1 operation ended\.$/);
  expect(asking).toMatchObject({
    status: "waiting_approval",
    requests: [reply.requests[0]?.number],
    note: expect.stringContaining("decision"),
  });
  expect(blocked).toMatchObject({ status: "blocked", waitsFor: [1], note: "waits for #1" });
  expect(failed).toMatchObject({ status: "failed", reason: "error", error: "not yet: 3" });
  expect(reply.requests).toMatchObject([{ question: "Go on?", choices: ["approve", "reject"], jobNumber: 1 }]);
});

test("filters narrow it, and a cursor shows only what changed since", async () => {
  const { plugin } = gated();
  await using brain = await createTestShell({ plugins: [feeds, plugin] });
  await brain.run("feeds:import", { urls: ["a"] }, { caller: { ...brain.caller, conversation: "!room" } });
  const before = await status(brain);
  await brain.call("site:one", { names: ["x"] });
  const labels = async (input: object) => (await status(brain, input)).operations.map((one) => one.label);
  expect(await labels({ plugin: "site" })).toEqual(["Write"]);
  expect(await labels({ type: "feeds:import-feeds" })).toEqual(["Import feeds"]);
  expect(await labels({ conversation: "!room" })).toEqual(["Import feeds"]);
  expect(await labels({ state: "completed" })).toEqual(["Import feeds"]);
  expect(await labels({ since: before.cursor })).toEqual(["Write"]);
  await expect(brain.call("shell:status", { since: "nonsense" })).rejects.toMatchObject({ code: "INVALID_CURSOR" });
});

test("work with no worker alive says that nothing moves", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.queue.worker.stop();
  await brain.call("feeds:import", { urls: ["a"] });
  expect(await status(brain)).toMatchObject({ message: expect.stringContaining("No worker is running"), workers: [] });
});

test("an unknown id is refused with a code and what to do", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  for (const tool of ["status", "job", "logs", "retry", "resume"]) {
    await expect(brain.call(`shell:${tool}`, { id: 99 })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("#99"),
    });
  }
  await expect(brain.call("shell:status", { id: "zzzz" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

describe("the other verbs", () => {
  const busyBrain = async (): Promise<TestShell> => {
    const brain = await createTestShell({ plugins: [feeds, gated().plugin] });
    await brain.run("feeds:import", { urls: ["a", "b"] });
    await brain.run("feeds:import-each", { urls: ["a", "b", "c"] });
    return brain;
  };

  test("shell:job shows a job in full, a batch with its jobs, and a request with its job", async () => {
    await using brain = await busyBrain();
    expect(data<JobReply>(await brain.call("shell:job", { id: 1 }))).toMatchObject({
      kind: "job",
      job: {
        number: 1,
        data: { urls: ["a", "b"] },
        result: { imported: 2 },
        progress: { text: "2/2 feeds (100%)" },
        createdAt: "2026-01-01T00:00:00.000Z",
        handler: true,
      },
    });
    const batch = data<BatchesReply>(await brain.call("shell:batches")).batches[0]!;
    const reply = data<JobReply>(await brain.call("shell:job", { id: batch.number }));
    expect(reply).toMatchObject({
      kind: "batch",
      batch: { progress: { text: "3/3 feeds (100%)" }, completedOperations: 3 },
    });
    expect(reply.kind === "batch" && reply.jobs).toHaveLength(3);
  });

  test("shell:jobs lists page by page, newest first", async () => {
    await using brain = await busyBrain();
    const first = data<JobsReply>(await brain.call("shell:jobs", { limit: 3, plugin: "feeds" }));
    expect(first.jobs).toHaveLength(3);
    const rest = data<JobsReply>(await brain.call("shell:jobs", { limit: 3, plugin: "feeds", cursor: first.next }));
    expect(rest.jobs.map((job) => job.number)).toEqual([1]);
    expect(rest.next).toBeUndefined();
    expect(data<JobsReply>(await brain.call("shell:jobs", { state: ["failed", "pending"] })).jobs).toEqual([]);
    await expect(brain.call("shell:jobs", { state: "done" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  test("shell:logs gives lines and goes on from its cursor, and says that batches have none", async () => {
    await using brain = await busyBrain();
    const { number } = await brain.queue.service.enqueue("site:section", { name: "logged" });
    await vi.waitFor(async () => {
      await brain.queue.clock.advance(100);
      const page = data<LogsReply>(await brain.call("shell:logs", { id: number }));
      expect(page.lines.map((line) => line.text)).toEqual(["begin logged"]);
      const next = data<LogsReply>(await brain.call("shell:logs", { id: number, after: page.cursor }));
      expect(next).toMatchObject({ lines: [], ended: false });
    });
    const batch = data<BatchesReply>(await brain.call("shell:batches")).batches[0]!;
    await expect(brain.call("shell:logs", { id: batch.number })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("is a batch"),
    });
    await brain.call("shell:cancel", { ids: number });
    await brain.queue.spy.waitFor(number, "cancelled");
  });

  test("shell:wait waits for all or any, and says when only a person can help", async () => {
    await using brain = await busyBrain();
    const done = data<WaitReply>(await brain.call("shell:wait", { ids: [1], timeout: 5 }));
    expect(done).toMatchObject({ ended: true, timedOut: false, operations: [{ number: 1, status: "completed" }] });
    const { job } = await brain.run("feeds:ask");
    const asked = data<WaitReply>(await brain.call("shell:wait", { ids: [1, job!.number], timeout: 5 }));
    expect(asked).toMatchObject({ ended: false, timedOut: false, waitingForDecision: true });
    const any = data<WaitReply>(await brain.call("shell:wait", { ids: [1, job!.number], timeout: 5, any: true }));
    expect(any).toMatchObject({ ended: true });
    await expect(brain.call("shell:wait", { ids: [1], timeout: 51 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });
});

describe("steering", () => {
  test("cancel ends what waits at once and tells what runs to stop, and one misspelt id changes nothing", async () => {
    const { plugin } = gated();
    await using brain = await createTestShell({ plugins: [plugin] });
    await brain.call("site:one", { names: ["a"] });
    await brain.call("site:one", { names: ["b"] });
    await until(brain, ({ operations }) => operations[0]?.status === "processing");
    await expect(brain.call("shell:cancel", { ids: [1, 99] })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await status(brain)).toMatchObject({ operations: [{ status: "processing" }, { status: "pending" }] });
    const reply = await brain.call("shell:cancel", { ids: [1, 2] });
    expect(reply).toMatchObject({
      data: {
        results: [
          { number: 1, ok: true },
          { number: 2, ok: true, state: "cancelled" },
        ],
      },
    });
    expect(await brain.queue.spy.waitFor(1, "cancelled")).toMatchObject({ reason: "user" });
    await expect(brain.call("shell:cancel", { ids: 1 })).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  test("retry and resume start the next run; delete removes what ended and refuses the rest", async () => {
    const onRunnable = vi.fn<() => void>();
    await using brain = await createTestShell({ plugins: [feeds], shell: { onRunnable } });
    await expect(brain.perform("feeds:flaky", { failures: 4 })).rejects.toThrow();
    expect(await brain.call("shell:retry", { id: 1 })).toMatchObject({
      data: { message: "#1 is retried: run 2.", operation: { run: 2 } },
    });
    expect(onRunnable).toHaveBeenCalledTimes(1);
    await brain.queue.drain();
    const { job } = await brain.run("feeds:ask");
    expect(await brain.call("shell:delete", { ids: [1, job!.number] })).toMatchObject({
      data: {
        results: [
          { number: 1, ok: true },
          { ok: false, error: { code: "INVALID_STATE" } },
        ],
      },
    });
    await expect(brain.call("shell:job", { id: 1 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("a decision may name the request or its job, is refused with an unknown choice, and is taken once", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const { job } = await brain.run("feeds:ask");
    await expect(brain.call("shell:decide", { ids: job!.number, choice: "maybe" })).rejects.toMatchObject({
      code: "INVALID_CHOICE",
    });
    const requests = await brain.call("shell:requests");
    const { number } = data<{ requests: { number: number }[] }>(requests).requests[0]!;
    expect(await brain.call("shell:decide", { ids: job!.number, choice: "reject", comment: "not now" })).toMatchObject({
      data: { results: [{ number, choice: "reject" }] },
    });
    await brain.queue.drain();
    expect(await brain.queue.service.getStatus(job!.id)).toMatchObject({ state: "failed", reason: "rejected" });
    await expect(brain.call("shell:decide", { ids: number, choice: "approve" })).rejects.toMatchObject({
      code: "ALREADY_DECIDED",
    });
  });
});

describe("following", () => {
  test("tells events in order, of what was asked for alone, whatever another listener throws", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    await brain.queue.worker.stop();
    await brain.call("feeds:import", { urls: ["a"] });
    await brain.call("feeds:import", { urls: ["b"] });
    const seen: string[] = [];
    const cursor = await brain.queue.events.cursor();
    const end = [
      brain.shell.follow(
        brain.caller,
        () => {
          throw new Error("a bad listener");
        },
        { after: cursor },
      ),
      brain.shell.follow(
        brain.caller,
        (event) => {
          if (event.kind === "job") seen.push(`${event.job.number} ${event.change}`);
        },
        { after: cursor, ids: [2] },
      ),
    ];
    await brain.call("shell:cancel", { ids: [1, 2] });
    await vi.waitFor(() => expect(seen).toEqual(["2 ended"]));
    expect(brain.log.some((line) => line.message === "a listener threw an error")).toBe(true);
    for (const stop of end) stop();
  });

  test("of an unknown id is told to whoever asked", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const onError = vi.fn<(error: unknown) => void>();
    brain.shell.follow(brain.caller, () => {}, { ids: [99], onError });
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "NOT_FOUND" })));
  });

  test("hides others' input from operators", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const seen: unknown[] = [];
    const cursor = await brain.queue.events.cursor();
    const stop = brain.shell.follow(brain.as("operator", "bob"), (event) => seen.push(event), { after: cursor });
    await brain.run("feeds:import", { urls: ["secret"] }, { caller: brain.as("operator", "ada") });
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1));
    stop();
    expect(seen.some((event) => JSON.stringify(event).includes('"urls"'))).toBe(false);
  });
});

test("a job that stands alone is not hidden behind thousands of members of batches", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.queue.worker.stop();
  await brain.call("feeds:import", { urls: ["a"] });
  const urls = Array.from({ length: 6000 }, (_, n) => `u${n}`);
  await brain.call("feeds:import-each", { urls });
  const { operations, more } = await status(brain);
  expect(operations.map((one) => one.label)).toEqual(["Import feeds", "Import each"]);
  expect(more).toBe(false);
});
