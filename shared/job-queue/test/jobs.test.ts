import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { cancelJob, failJob, snoozeJob } from "../src/index.ts";
import { systemPorts } from "../src/system-ports.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

test("a job runs, and its result, progress and log are kept", async () => {
  const queue = await openQueue();
  queue.registerHandler("greet", {
    process(data: { name: string }, _id, job) {
      job.progress({ current: 1, total: 1, unit: "people" });
      job.log("first");
      job.log("second", "stderr");
      return { text: `hello ${data.name}` };
    },
  });
  await queue.start();
  const { jobId, number } = await queue.enqueue("greet", { name: "Ana" }, { label: "greet Ana" });
  const job = await queue.wait(jobId);
  expect(job).toMatchObject({
    number,
    state: "completed",
    result: { text: "hello Ana" },
    run: 1,
    attempt: 1,
    label: "greet Ana",
  });
  expect(job.progress).toMatchObject({ current: 1, total: 1, unit: "people" });
  const { lines, ended } = await queue.service.logs(number);
  expect(lines.map((line) => [line.stream, line.text])).toEqual([
    ["note", "first"],
    ["stderr", "second"],
  ]);
  expect(ended).toBe(true);
});

test("a job that was accepted is there after the queue was opened again", async () => {
  const queue = await openQueue();
  const { jobId } = await queue.enqueue("later", { n: 1 });
  queue.crash();
  const again = await queue.again();
  expect(await again.service.getStatus(jobId)).toMatchObject({ state: "pending", data: { n: 1 } });
});

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

test("a job that reports success: false has failed", async () => {
  const queue = await openQueue();
  queue.registerHandler(
    "liar",
    { process: () => ({ success: false, error: "nothing was written" }) },
    { maxAttempts: 1 },
  );
  await queue.start();
  const job = await queue.wait((await queue.enqueue("liar")).jobId);
  expect(job).toMatchObject({ state: "failed", reason: "error", error: { message: "nothing was written" } });
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

test("data that does not fit is refused at enqueue, naming the field, and nothing is stored", async () => {
  const queue = await openQueue();
  queue.registerHandler("typed", { process: () => null }, { schema: z.object({ urls: z.array(z.url()) }) });
  const error = await queue
    .enqueue("typed", { urls: ["nonsense"] })
    .catch((e: unknown) => e as Error & { code: string });
  expect(error).toMatchObject({ code: "INVALID_DATA" });
  expect((error as Error).message).toContain("urls.0");
  expect((await queue.service.list()).items).toEqual([]);
});

test("data that was accepted by a process without the handler fails as invalid_data when it runs, without retries", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("typed", { n: "one" });
  queue.registerHandler("typed", { process: () => null }, { schema: z.object({ n: z.number() }) });
  await queue.start();
  expect(await queue.wait(number)).toMatchObject({ state: "failed", reason: "invalid_data", attempt: 1 });
});

test("a handler gets the parsed data, defaults filled in, on each attempt", async () => {
  const queue = await openQueue();
  const seen: unknown[] = [];
  queue.registerHandler(
    "parse",
    { process: (data) => void seen.push(data) },
    { schema: z.object({ n: z.coerce.number(), m: z.number().default(7) }) as never },
  );
  await queue.start();
  await queue.wait((await queue.enqueue("parse", { n: "3" })).jobId);
  expect(seen).toEqual([{ n: 3, m: 7 }]);
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

test("no more jobs of a type run at once than its concurrency allows, in two processes together", async () => {
  const one = await openQueue();
  const two = await one.again();
  const hold = gate();
  let now = 0;
  let most = 0;
  const handler = {
    async process() {
      most = Math.max(most, ++now);
      await hold.opened;
      now -= 1;
    },
  };
  for (const queue of [one, two]) queue.registerHandler("narrow", handler, { concurrency: 3 });
  await one.start();
  await two.start();
  const jobs = await one.service.enqueueMany(Array.from({ length: 12 }, () => ({ type: "narrow" })));
  await one.spy.waitFor(jobs[2]?.number as number, "processing");
  two.worker.foreign();
  await one.clock.advance(1_000);
  expect(now).toBe(3);
  hold.open();
  for (const job of jobs) await one.wait(job.number);
  expect(most).toBe(3);
});

test("several enqueues are accepted or refused together", async () => {
  const queue = await openQueue();
  expect(await codeOf(queue.service.enqueueMany([{ type: "a" }, { type: "b", after: "999" }]))).toBe("JOB_NOT_FOUND");
  expect((await queue.service.list()).items).toEqual([]);
});

test("progress is written at most ten times a second, and its last value always arrives", async () => {
  const queue = await openQueue();
  const hold = gate();
  const seen: number[] = [];
  queue.events.on("job-progress", (event) => {
    if (event.change === "progress") seen.push(event.job.progress?.current ?? -1);
  });
  queue.registerHandler("count", {
    async process(_data, _id, job) {
      for (let i = 1; i <= 500; i++) job.progress({ current: i, total: 1_000 });
      await hold.opened;
      for (let i = 501; i <= 1_000; i++) job.progress({ current: i, total: 1_000 });
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("count");
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(100);
  expect((await queue.service.getStatus(number))?.progress?.current).toBe(500);
  hold.open();
  expect((await queue.wait(number)).progress?.current).toBe(1_000);
  expect(seen.length).toBeLessThan(6);
});

test("wait inside a handler is refused, because it would hold the slot", async () => {
  const queue = await openQueue();
  queue.registerHandler("parent", { process: async () => codeOf(queue.wait((await queue.enqueue("child")).jobId)) });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("parent")).jobId)).result).toBe("WAIT_INSIDE_HANDLER");
});

test("a wait that times out says so and leaves the job alone", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("nobody");
  const waiting = codeOf(queue.wait(number, { timeout: 1_000 }));
  await queue.clock.advance(1_000);
  expect(await waiting).toBe("WAIT_TIMEOUT");
  expect((await queue.service.getStatus(number))?.state).toBe("pending");
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

test("progress that makes no sense is dropped and never harms the job", async () => {
  const queue = await openQueue();
  queue.registerHandler("odd", {
    process(_d, _i, job) {
      job.progress({ current: 1, total: 3 });
      job.progress({ current: Number.NaN, total: 3 });
      job.progress({ current: "2" as never });
      job.progress(undefined as never);
    },
  });
  queue.registerHandler("half", {
    process(_d, _i, job) {
      job.progress({
        current: 2,
        total: Number.POSITIVE_INFINITY,
        unit: {} as never,
        message: "m".repeat(5_000),
        details: "x".repeat(100_000),
      });
    },
  });
  await queue.start();
  const odd = await queue.wait((await queue.enqueue("odd")).number);
  expect(odd).toMatchObject({ state: "completed", progress: { current: 1, total: 3 } });
  const half = await queue.wait((await queue.enqueue("half")).number);
  expect(half).toMatchObject({ state: "completed", progress: { current: 2 } });
  expect(half.progress?.total).toBeUndefined();
  expect(half.progress?.unit).toBeUndefined();
  expect(half.progress?.details).toBeUndefined();
  expect(half.progress?.message).toHaveLength(1_000);
  expect(queue.internalErrors.length).toBe(4);
});

test("a log keeps what fits, says where it was cut, and never harms the job", async () => {
  const queue = await openQueue();
  queue.registerHandler("flood", {
    process(_d, _i, job) {
      job.log(5 as never);
      job.log("odd stream", "nonsense" as never);
      job.log(`${"x".repeat(64 * 1024 - 1)}\u{1F600}end`);
      for (let i = 0; i < 400; i++) job.log("y".repeat(64 * 1024));
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("flood");
  expect((await queue.wait(number)).state).toBe("completed");
  const { lines } = await queue.service.logs(number, { limit: 10_000 });
  expect(lines.slice(0, 2).map((line) => [line.stream, line.text])).toEqual([
    ["note", "5"],
    ["note", "odd stream"],
  ]);
  expect(lines[2]?.text.at(-1)).toBe("x");
  expect(lines[3]?.text).toBe("\u{1F600}end");
  const kept = lines.reduce((sum, line) => sum + line.text.length, 0);
  expect(kept).toBeGreaterThan(15 * 1024 * 1024);
  expect(kept).toBeLessThan(17 * 1024 * 1024);
  expect(lines.at(-1)?.text).toContain("log is full");
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

test("a listener that hears of a job which a handler enqueued may wait for it", async () => {
  const queue = await openQueue();
  const heard = gate();
  let code: string | undefined = "not called";
  queue.events.on("job-progress", (event) => {
    if (event.change !== "enqueued" || event.job.type !== "child") return;
    void codeOf(queue.wait(event.job.number)).then((result) => {
      code = result;
      heard.open();
    });
  });
  queue.registerHandler("parent", { process: async () => (await queue.enqueue("child")).number });
  queue.registerHandler("child", { process: () => null });
  await queue.start();
  await queue.enqueue("parent");
  await heard.opened;
  expect(code).toBeUndefined();
});

test("a job that completed without a result does not show the error of an earlier try", async () => {
  const queue = await openQueue();
  let tries = 0;
  queue.registerHandler(
    "flaky",
    {
      async process() {
        tries += 1;
        if (tries === 1) throw new Error("the first time");
      },
    },
    { maxAttempts: 2, backoff: { delay: 0 } },
  );
  await queue.start();
  const { jobId } = await queue.enqueue("flaky", {});
  expect(await queue.wait(jobId)).toMatchObject({ state: "completed", attempt: 2, error: undefined });
});
