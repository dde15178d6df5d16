import { expect, test } from "vitest";
import { gate, openQueue } from "./kit.ts";

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
