import { expect, test } from "vitest";
import type { TestQueue } from "../src/testing/index.ts";
import { gate, openQueue } from "./kit.ts";

/** What runs now, by number. */
const running = async (queue: TestQueue): Promise<number[]> =>
  (await queue.service.list({ state: "processing" })).items.map((job) => job.number).toSorted((a, b) => a - b);

/** A worker with jobs that all run until it crashes; then the next one, started. */
async function afterCrash(jobs: number): Promise<TestQueue> {
  const queue = await openQueue();
  queue.registerHandler("work", { process: () => gate().opened });
  await queue.start();
  for (let i = 0; i < jobs; i++) await queue.enqueue("work", i);
  await queue.clock.advance(0);
  expect(await running(queue)).toHaveLength(jobs);
  queue.crash();
  return queue.again();
}

test("after a crash each of the jobs that ran is alone at first; one that shows itself innocent gets company", async () => {
  const queue = await afterCrash(3);
  queue.registerHandler("work", { process: () => gate().opened });
  await queue.start();
  const late = await queue.enqueue("work", "late");
  await queue.clock.advance(1_000);
  expect(await running(queue)).toEqual([1]);
  await queue.clock.advance(1_100);
  expect(await running(queue)).toEqual([1, late.number]);
});

test("suspects that end soon follow each other, and others take turns with them", async () => {
  const queue = await afterCrash(3);
  let now = 0;
  let most = 0;
  const alone: boolean[] = [];
  queue.registerHandler("work", {
    async process(data: number | string) {
      now += 1;
      most = Math.max(most, now);
      if (typeof data === "number") alone.push(now === 1);
      await queue.clock.advance(0);
      now -= 1;
    },
  });
  await queue.start();
  for (let i = 0; i < 4; i++) await queue.enqueue("work", `other ${i}`);
  await queue.drain();
  expect((await queue.service.list({ state: "completed" })).items).toHaveLength(7);
  expect(alone).toEqual([true, true, true]);
  expect(most).toBeGreaterThan(1);
});

test("a crash in company counts for nobody, however often; only jobs that crash alone three times end as crashed", async () => {
  let queue = await openQueue();
  for (let i = 0; i < 2; i++) await queue.enqueue("work", i);
  for (let life = 0; life < 5; life++) {
    queue.registerHandler("work", { process: () => gate().opened });
    await queue.start();
    // Until both run: the first has had its time alone.
    for (let waited = 0; (await running(queue)).length < 2 && waited < 4_000; waited++)
      await queue.clock.advance(1_000);
    expect(await running(queue)).toEqual([1, 2]);
    queue.crash();
    queue = await queue.again();
  }
  await queue.start();
  const states = (await queue.service.list()).items.map((job) => job.state);
  expect(states).toEqual(["pending", "pending"]);
});

test("a suspect waits a while for the worker to be empty, then joins; others lose at most half of the time by that", async () => {
  const queue = await afterCrash(1);
  const hold = gate();
  const ran: string[] = [];
  queue.registerHandler("long", { process: () => hold.opened });
  queue.registerHandler("short", { process: (name: string) => void ran.push(name) });
  // Its type comes to this worker later, when a long job runs there already.
  await queue.start();
  const long = await queue.enqueue("long");
  await queue.spy.waitFor(long.number, "processing");
  queue.registerHandler("work", { process: () => void ran.push("suspect") });
  await queue.clock.advance(0);
  await queue.enqueue("short", "a");
  await queue.clock.advance(4_900);
  expect(ran).toEqual([]);
  await queue.clock.advance(200);
  expect(ran).toEqual(["suspect", "a"]);
  await queue.enqueue("short", "b");
  await queue.clock.advance(10);
  expect(ran).toEqual(["suspect", "a", "b"]);
  hold.open();
});

test("a poison job among many ends after a few crashes, and no neighbour is blamed or lost", async () => {
  let queue = await openQueue();
  const poison = 3;
  for (let i = 1; i <= 6; i++) await queue.enqueue("work", i, { maxAttempts: 1 });
  let crashes = 0;
  for (let ended = false; !ended;) {
    const seen = { crash: false };
    queue.registerHandler("work", {
      async process(data: number) {
        if (data !== poison) return gate().opened;
        seen.crash = true;
        return gate().opened;
      },
    });
    await queue.start();
    for (let waited = 0; !seen.crash && waited < 60; waited++) await queue.clock.advance(1_000);
    if (!seen.crash) ended = true;
    else {
      crashes += 1;
      queue.crash();
      queue = await queue.again();
    }
    expect(crashes).toBeLessThan(10);
  }
  expect(crashes).toBe(5);
  const jobs = (await queue.service.list()).items.toReversed();
  expect(jobs[poison - 1]).toMatchObject({ state: "failed", reason: "crashed" });
  expect(jobs.filter((job) => job.state === "processing")).toHaveLength(5);
});

test("an attempt that ends in order clears its job: the next try has company", async () => {
  const queue = await afterCrash(1);
  let tries = 0;
  const hold = gate();
  queue.registerHandler("other", { process: () => hold.opened });
  queue.registerHandler(
    "work",
    {
      process() {
        tries += 1;
        if (tries === 1) throw new Error("not yet");
        return "done";
      },
    },
    { backoff: { delay: 100, jitter: 0 } },
  );
  await queue.start();
  await queue.clock.advance(0);
  expect(tries).toBe(1);
  const other = await queue.enqueue("other");
  await queue.spy.waitFor(other.number, "processing");
  await queue.clock.advance(200);
  expect(tries).toBe(2);
  hold.open();
});

test("a suspect that an orderly stop gives back is a suspect still", async () => {
  const queue = await afterCrash(1);
  queue.registerHandler("work", { process: () => gate().opened });
  await queue.start();
  await queue.clock.advance(0);
  const next = await queue.again();
  const stopping = queue.stop({ grace: 0 });
  await queue.clock.advance(2_000);
  await stopping;
  next.registerHandler("work", { process: () => gate().opened });
  await next.start();
  await next.enqueue("work", "other");
  await next.clock.advance(1_000);
  expect(await running(next)).toEqual([1]);
});
