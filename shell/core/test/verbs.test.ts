import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineJob, definePlugin } from "@brains/plugin";
import type { BatchesReply, JobReply, JobsReply, LogsReply, WaitReply } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import type { TestShell } from "@brains/shell/testing";
import { feeds } from "./fixtures/feeds.ts";
import { PATIENT, data, gated, status, until } from "./fixtures/gated.ts";

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
    expect(first.jobs[0]).not.toHaveProperty("data");
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
    }, PATIENT);
    const batch = data<BatchesReply>(await brain.call("shell:batches")).batches[0]!;
    await expect(brain.call("shell:logs", { id: batch.number })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("is a batch"),
    });
    await brain.call("shell:cancel", { ids: number });
    await brain.queue.spy.waitFor(number, "cancelled");
  });

  test("shell:logs cuts a page by its size, and goes on from there without a gap", async () => {
    await using brain = await busyBrain();
    const wordy = defineJob({
      type: "wordy",
      input: z.object({}),
      run: (_input, job) => {
        for (let n = 0; n < 5; n++) job.log(`${n}${"x".repeat(30_000)}`);
      },
    });
    await brain.shell.loadPlugin(definePlugin({ id: "wordy", jobs: [wordy] }));
    const { jobId: id } = await brain.queue.service.enqueue("wordy:wordy", {});
    await brain.queue.drain();
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < 5; page++) {
      const reply = data<LogsReply>(await brain.call("shell:logs", { id, after }));
      expect(reply.lines.length).toBeLessThan(3);
      seen.push(...reply.lines.map((line) => line.text.charAt(0)));
      after = reply.cursor;
      if (reply.ended) break;
    }
    expect(seen).toEqual(["0", "1", "2", "3", "4"]);
    const tail = data<LogsReply>(await brain.call("shell:logs", { id, tail: 4 }));
    expect(tail.lines.map((line) => line.text.charAt(0))).toEqual(["3", "4"]);
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

  test("cancel of a batch with running jobs says that it was told to stop, not that it runs", async () => {
    const { plugin } = gated();
    await using brain = await createTestShell({ plugins: [plugin] });
    await brain.call("site:all", { names: ["a", "b"] });
    await until(brain, ({ operations }) => operations[0]?.status === "processing");
    expect(await brain.call("shell:cancel", { ids: 1 })).toMatchObject({
      data: { results: [{ number: 1, ok: true, cancelling: true }], message: "#1: told to stop" },
    });
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
