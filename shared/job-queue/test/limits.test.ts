import { expect, test } from "vitest";
import { codeOf, gate, openQueue } from "./kit.ts";

test("of a rate-limited type never more than the limit start in any window, and all of them start as soon as they may", async () => {
  const queue = await openQueue();
  const starts: number[] = [];
  const handler = { process: () => void starts.push(queue.clock.now()) };
  queue.registerHandler("mail:send", handler, { rate: { limit: 3, per: 1_000 } });
  await queue.start();
  for (let i = 0; i < 10; i++) await queue.enqueue("mail:send", i);
  await queue.drain();
  expect(starts).toHaveLength(10);
  for (const start of starts) {
    expect(starts.filter((each) => each >= start && each < start + 1_000).length).toBeLessThanOrEqual(3);
  }
  // Exact but for the hundredth of the window in which starts are counted.
  expect((starts[9] as number) - (starts[0] as number)).toBeLessThanOrEqual(3 * 1_010);
});

test("a rate holds over all processes, and each of them goes on by itself when the next start is due", async () => {
  const first = await openQueue();
  const second = await first.again();
  const ran = [0, 0];
  for (const [at, queue] of [first, second].entries()) {
    queue.registerHandler(
      "x",
      { process: () => void (ran[at] = (ran[at] as number) + 1) },
      { rate: { limit: 1, per: 500 } },
    );
    await queue.start();
  }
  for (let i = 0; i < 4; i++) await first.enqueue("x", i);
  second.worker.foreign();
  await first.clock.advance(0);
  expect((ran[0] as number) + (ran[1] as number)).toBe(1);
  await first.worker.stop();
  // Only the second is left, and nobody tells it anything.
  await second.clock.advance(3 * 505);
  expect((ran[0] as number) + (ran[1] as number)).toBe(4);
});

test("a clock that is set back does not hold a rate-limited type for longer than its window", async () => {
  const queue = await openQueue();
  let ran = 0;
  queue.registerHandler("x", { process: () => void (ran += 1) }, { rate: { limit: 1, per: 1_000 } });
  await queue.start();
  await queue.enqueue("x", 1);
  await queue.drain();
  queue.clock.set(queue.clock.now() - 86_400_000);
  await queue.enqueue("x", 2);
  await queue.clock.advance(1_100);
  expect(ran).toBe(2);
});

test("a rate-limited type does not hold up others, and its jobs keep their order", async () => {
  const queue = await openQueue({ concurrency: 2 });
  const ran: string[] = [];
  const handler = { process: (name: string) => void ran.push(name) };
  queue.registerHandler("slow", handler, { rate: { limit: 1, per: 10_000 } });
  queue.registerHandler("quick", handler);
  await queue.start();
  for (const name of ["a", "b", "c"]) await queue.enqueue("slow", name);
  for (const name of ["x", "y", "z"]) await queue.enqueue("quick", name);
  await queue.clock.advance(0);
  expect(ran).toEqual(["a", "x", "y", "z"]);
  await queue.drain();
  expect(ran).toEqual(["a", "x", "y", "z", "b", "c"]);
});

test("nothing of a paused type starts in any process until it is unpaused; what runs goes on", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("feeds:import", { process: () => hold.opened });
  queue.registerHandler("feeds:clean", { process: () => "done" });
  await queue.start();
  const running = await queue.enqueue("feeds:import");
  await queue.spy.waitFor(running.number, "processing");
  const elsewhere = await queue.again();
  expect(await elsewhere.service.pause("feeds:import", { by: "ana" })).toBe(true);
  expect(await elsewhere.service.pause("feeds:import")).toBe(false);
  expect(await queue.service.pausedTypes()).toEqual([{ name: "feeds:import", since: queue.clock.now(), by: "ana" }]);
  const waiting = await queue.enqueue("feeds:import");
  const other = await queue.enqueue("feeds:clean");
  hold.open();
  await queue.wait(running.number);
  await queue.wait(other.number);
  await queue.clock.advance(60_000);
  expect(await queue.service.getStatus(waiting.number)).toMatchObject({ state: "pending", paused: true });
  expect(await elsewhere.service.unpause("feeds:import")).toBe(true);
  expect(await elsewhere.service.unpause("feeds:import")).toBe(false);
  queue.worker.foreign();
  await queue.wait(waiting.number);
  expect((await queue.service.getStatus(waiting.number))?.paused).toBeUndefined();
});

test("a paused plugin pauses all of its types and no other's; unpausing in the worker's own process wakes it", async () => {
  const queue = await openQueue();
  for (const type of ["feeds:import", "feeds:clean", "site:build", "feeds-2:x"])
    queue.registerHandler(type, { process: () => type });
  await queue.start();
  await queue.service.pause("feeds");
  const jobs: { number: number }[] = [];
  for (const type of ["feeds:import", "feeds:clean", "site:build", "feeds-2:x"]) jobs.push(await queue.enqueue(type));
  await queue.clock.advance(0);
  const states = async () => Promise.all(jobs.map(async (job) => (await queue.service.getStatus(job.number))?.state));
  expect(await states()).toEqual(["pending", "pending", "completed", "completed"]);
  expect(await queue.retireIfIdle()).toBe(true);
  await queue.service.unpause("feeds");
  await queue.clock.advance(0);
  expect(await states()).toEqual(["completed", "completed", "completed", "completed"]);
});

test("a plugin with a share takes no more of a worker than that, and leaves the rest to others", async () => {
  const queue = await openQueue({ concurrency: 5, pluginConcurrency: { feeds: 2 } });
  const hold = gate();
  const running: string[] = [];
  const handler = {
    process(_data: unknown, _id: string, job: { type: string }) {
      running.push(job.type);
      return hold.opened;
    },
  };
  for (const type of ["feeds:import", "feeds:clean", "site:build"]) queue.registerHandler(type, handler);
  await queue.start();
  await queue.service.enqueueMany([
    ...Array.from({ length: 4 }, () => ({ type: "feeds:import" })),
    ...Array.from({ length: 4 }, () => ({ type: "feeds:clean" })),
    ...Array.from({ length: 4 }, () => ({ type: "site:build" })),
  ]);
  await queue.clock.advance(0);
  expect(running.filter((type) => type.startsWith("feeds:"))).toHaveLength(2);
  expect(running).toHaveLength(5);
  hold.open();
  await queue.drain();
  expect(running).toHaveLength(12);
});

test("an attempt that shows nothing for the stall limit is aborted and tried again, then fails as stalled", async () => {
  const queue = await openQueue();
  const told: unknown[] = [];
  queue.registerHandler(
    "stuck",
    {
      process: (_d, _i, job) =>
        new Promise((_, reject) =>
          job.signal.addEventListener("abort", () => {
            told.push((job.signal.reason as { code: string }).code);
            reject(job.signal.reason as Error);
          }),
        ),
    },
    { stallAfter: 1_000, maxAttempts: 2, backoff: { delay: 10, jitter: 0 } },
  );
  await queue.start();
  const { number } = await queue.enqueue("stuck");
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(999);
  expect(told).toEqual([]);
  await queue.clock.advance(1);
  expect(told).toEqual(["stalled"]);
  await queue.drain();
  expect(await queue.service.getStatus(number)).toMatchObject({
    state: "failed",
    reason: "stalled",
    attempt: 2,
    error: { message: expect.stringContaining("1000 ms") as string },
  });
});

test("progress, a log line, a finished step and a word that it goes on each begin the stall limit anew", async () => {
  const queue = await openQueue();
  let act = (_: "progress" | "log" | "step" | "word"): void => undefined;
  queue.registerHandler(
    "slow",
    {
      process: (_d, _i, job) =>
        new Promise((_, reject) => {
          job.signal.addEventListener("abort", () => reject(job.signal.reason as Error));
          act = (how) => {
            if (how === "progress") job.progress({ current: 1 });
            else if (how === "log") job.log("still here");
            else if (how === "word") job.stillWorking();
            else void job.step("part", () => 1);
          };
        }),
    },
    { stallAfter: 1_000, maxAttempts: 1 },
  );
  await queue.start();
  const { number } = await queue.enqueue("slow");
  await queue.spy.waitFor(number, "processing");
  for (const how of ["progress", "log", "step", "word"] as const) {
    await queue.clock.advance(900);
    act(how);
    await queue.clock.advance(0);
  }
  await queue.clock.advance(900);
  expect((await queue.service.getStatus(number))?.state).toBe("processing");
  await queue.clock.advance(350);
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "failed", reason: "stalled" });
});

test("impossible limits and options are refused where they are given", async () => {
  const queue = await openQueue();
  const refused = (options: object) =>
    expect(() => queue.registerHandler("x", { process: () => null }, options)).toThrow(/must be/);
  for (const rate of [
    5,
    null,
    {},
    { limit: 0, per: 1 },
    { limit: 1, per: 0 },
    { limit: 1.5, per: 10 },
    { limit: 1, per: 32 * 86_400_000 },
  ])
    refused({ rate });
  for (const stallAfter of [0, -1, 1.5, "1s", Number.NaN]) refused({ stallAfter });
  for (const version of [2, {}, ""]) refused({ version });
  for (const schema of [null, {}, "number"]) refused({ schema });
  for (const pluginConcurrency of [5, [], { a: 0 }, { "a:b": 1 }, { "": 1 }, { a: "2" }])
    expect(await codeOf(queue.again({ pluginConcurrency: pluginConcurrency as never }))).toBe("INVALID_OPTION");
  const { number } = await queue.enqueue("nobody");
  expect(await codeOf(queue.wait(number, { until: "end" as never }))).toBe("INVALID_OPTION");
  for (const fingerprint of [5, {}, ""])
    expect(await codeOf(queue.again({ fingerprint: fingerprint as never }))).toBe("INVALID_OPTION");
  for (const name of ["", "a b", 5, undefined, "a:b:c"]) {
    expect(await codeOf(queue.service.pause(name as string))).toBe("INVALID_OPTION");
    expect(await codeOf(queue.service.unpause(name as string))).toBe("INVALID_OPTION");
  }
});
