import { expect, test, vi } from "vitest";
import { batchOperation } from "@brains/shell";
import type { QueuedReply } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import { feeds } from "./fixtures/feeds.ts";
import { gated, status, text, until } from "./fixtures/gated.ts";

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

test("a batch that still grows is not estimated, because its rate says nothing about its end", async () => {
  const { plugin } = gated();
  await using brain = await createTestShell({ plugins: [plugin] });
  await brain.call("site:all", { names: ["a"] });
  const batch = (await brain.queue.batches.getActiveBatches())[0]!;
  const half = { ...batch, status: "processing", startedAt: 0, totalOperations: 4, completedOperations: 2 } as const;
  expect(batchOperation({ ...half, open: false }, { now: 60_000 }).estimatedCompletion).toBe("in about 1 minute");
  expect(batchOperation({ ...half, open: true }, { now: 60_000 }).estimatedCompletion).toBeUndefined();
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

test("a conversation also shows results of long ago that the caller has not read yet", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const caller = { ...brain.caller, conversation: "!room" };
  const { queued: first } = (await brain.call("feeds:import", { urls: ["a"] }, { caller })) as { queued: QueuedReply };
  const { queued: second } = (await brain.call("feeds:import", { urls: ["b"] }, { caller })) as { queued: QueuedReply };
  await vi.waitFor(async () => expect((await brain.queue.service.getStatus(second.number))?.state).toBe("completed"));
  brain.queue.clock.set(brain.queue.clock.now() + 86_400_000);
  const unread = async () =>
    (await status(brain, { conversation: "!room" })).operations.map((one) => [one.number, one.unread]);
  expect(await unread()).toEqual(
    expect.arrayContaining([
      [first.number, true],
      [second.number, true],
    ]),
  );
  await brain.call("shell:job", { id: first.number }, { caller });
  expect(await unread()).toEqual([[second.number, true]]);
  expect((await status(brain)).operations).toEqual([]);
});

test("work with no worker alive says so, and never that a person must start one", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.queue.worker.stop();
  await brain.call("feeds:import", { urls: ["a"] });
  expect(await status(brain)).toMatchObject({
    message: expect.stringContaining("goes on when one has started"),
    workers: [],
  });
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
