import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { cancelJob, failJob, snoozeJob } from "../src/index.ts";
import { systemPorts } from "../src/system-ports.ts";
import { gate, openQueue } from "./kit.ts";

test("a failing job is tried again with growing delays and ends failed after its last try", async () => {
  const queue = await openQueue();
  const starts: number[] = [];
  queue.registerHandler(
    "flaky",
    {
      process() {
        starts.push(queue.clock.now());
        throw new Error(`no ${starts.length}`);
      },
    },
    { maxAttempts: 3, backoff: { delay: 1_000, factor: 3, jitter: 0 } },
  );
  await queue.start();
  const { number } = await queue.enqueue("flaky");
  await queue.drain();
  expect(await queue.service.getStatus(number)).toMatchObject({
    state: "failed",
    reason: "error",
    attempt: 3,
    error: { message: "no 3" },
  });
  const gaps = starts.slice(1).map((at, i) => at - (starts[i] as number));
  expect(gaps[0]).toBeGreaterThanOrEqual(1_000);
  expect(gaps[1]).toBeGreaterThanOrEqual(3_000);
  expect(gaps[1]).toBeLessThan(5_000);
});

test("maxRetries: n means n + 1 tries", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("x", null, { maxRetries: 2 });
  expect((await queue.service.getStatus(number))?.maxAttempts).toBe(3);
});

test("failJob ends the run at once, cancelJob cancels it, snoozeJob runs it later without costing a try", async () => {
  const queue = await openQueue();
  let snoozed = 0;
  queue.registerHandler("fail", {
    process: () => Promise.reject(failJob("broken", { code: "BROKEN", data: { line: 3 } })),
  });
  queue.registerHandler("cancel", { process: () => Promise.reject(cancelJob("not needed")) });
  queue.registerHandler("snooze", {
    process(_data, _id, job) {
      if (snoozed++ < 5) throw snoozeJob(60_000);
      return job.attempt;
    },
  });
  await queue.start();
  const fail = await queue.enqueue("fail");
  const cancel = await queue.enqueue("cancel");
  const snooze = await queue.enqueue("snooze");
  await queue.drain();
  expect(await queue.service.getStatus(fail.number)).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { code: "BROKEN", data: { line: 3 } },
  });
  expect(await queue.service.getStatus(cancel.number)).toMatchObject({
    state: "cancelled",
    reason: "user",
    error: { message: "not needed" },
  });
  expect(await queue.service.getStatus(snooze.number)).toMatchObject({ state: "completed", result: 1 });
});

test("onError is told once, when the run has failed for good", async () => {
  const queue = await openQueue();
  const told: unknown[] = [];
  queue.registerHandler(
    "hook",
    {
      process: () => Promise.reject(new Error("no")),
      onError: (error, data, id) => void told.push([error.message, data, id]),
    },
    { maxAttempts: 2, backoff: { delay: 0 } },
  );
  await queue.start();
  const { jobId } = await queue.enqueue("hook", { a: 1 });
  await queue.wait(jobId);
  await queue.drain();
  expect(told).toEqual([["no", { a: 1 }, jobId]]);
});

test("an attempt that runs too long fails as timeout; its handler is told by the signal", async () => {
  const queue = await openQueue();
  let reason: unknown;
  queue.registerHandler(
    "slow",
    {
      process: (_data, _id, job) =>
        new Promise((_, reject) => {
          job.signal.addEventListener("abort", () => {
            reason = job.signal.reason;
            reject(job.signal.reason as Error);
          });
        }),
    },
    { timeout: 5_000, maxAttempts: 1 },
  );
  await queue.start();
  const { number } = await queue.enqueue("slow");
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(5_000);
  expect(await queue.wait(number)).toMatchObject({ state: "failed", reason: "timeout" });
  expect(reason).toMatchObject({ code: "timeout" });
});

test("a handler that ignores its signal is given up after the grace, keeps its slot, and its late result changes nothing", async () => {
  const queue = await openQueue({ concurrency: 1, grace: 2_000 });
  const stuck = gate();
  queue.registerHandler(
    "stuck",
    { process: () => stuck.opened.then(() => "late") },
    { timeout: 1_000, maxAttempts: 1 },
  );
  queue.registerHandler("next", { process: () => "ran" });
  await queue.start();
  const first = await queue.enqueue("stuck");
  await queue.spy.waitFor(first.number, "processing");
  const second = await queue.enqueue("next");
  await queue.clock.advance(1_000);
  expect((await queue.service.getStatus(first.number))?.state).toBe("processing");
  await queue.clock.advance(2_000);
  expect(await queue.service.getStatus(first.number)).toMatchObject({ state: "failed", reason: "timeout" });
  expect((await queue.service.logs(first.number)).lines.map((line) => line.text)).toEqual([
    expect.stringContaining("did not end within 2000 ms"),
  ]);
  expect((await queue.service.getStatus(second.number))?.state).toBe("pending");
  stuck.open();
  expect(await queue.wait(second.number)).toMatchObject({ state: "completed", result: "ran" });
  expect(await queue.service.getStatus(first.number)).toMatchObject({ state: "failed", result: undefined });
});

test("a time-out of a month does not fire at once", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const day = 86_400_000;
  const fired = vi.fn();
  systemPorts.clock.timer(40 * day, fired);
  const cancelled = vi.fn();
  const cancel = systemPorts.clock.timer(40 * day, cancelled);
  vi.advanceTimersByTime(39 * day);
  cancel();
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(day);
  expect(fired).toHaveBeenCalledOnce();
  expect(cancelled).not.toHaveBeenCalled();
});

test("a snooze of a broken number of milliseconds is rounded, not lost", async () => {
  const queue = await openQueue();
  queue.registerHandler("snooze", {
    process() {
      if (queue.clock.now() < start + 1_000) throw snoozeJob(1_000.5);
      return "ran";
    },
  });
  const start = queue.clock.now();
  await queue.start();
  const { number } = await queue.enqueue("snooze");
  await queue.drain();
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "completed", result: "ran" });
  expect(queue.internalErrors).toEqual([]);
});

test("onError gets the parsed data", async () => {
  const queue = await openQueue();
  let told: unknown;
  queue.registerHandler(
    "hook",
    { process: () => Promise.reject(new Error("no")), onError: (_error, data) => void (told = data) },
    { maxAttempts: 1, schema: z.object({ n: z.number().default(7) }) as never },
  );
  await queue.start();
  await queue.wait((await queue.enqueue("hook", {})).number);
  await queue.drain();
  expect(told).toEqual({ n: 7 });
});
