import { expect, test } from "vitest";
import { crashAt } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

test("jobs of a dead worker run again; of finished steps none is repeated; the crash costs no try", async () => {
  const queue = await openQueue();
  const hold = gate();
  const ran: string[] = [];
  const handler = (name: string) => ({
    async process(_data: unknown, _id: string, job: import("../src/handler.ts").JobContext) {
      await job.step("one", () => void ran.push(`${name} one`));
      await job.step("two", async () => {
        ran.push(`${name} two`);
        if (name === "first") await hold.opened;
      });
      return job.attempt;
    },
  });
  queue.registerHandler("work", handler("first"));
  await queue.start();
  const { number } = await queue.enqueue("work", null, { maxAttempts: 1 });
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(1);
  const next = await queue.again();
  next.registerHandler("work", handler("second"));
  await next.start();
  expect((await next.service.getStatus(number))?.state).toBe("processing");
  queue.crash();
  await next.clock.advance(250);
  expect(await next.wait(number)).toMatchObject({ state: "completed", result: 1 });
  expect(ran).toEqual(["first one", "first two", "second two"]);
});

test("a worker that is alive is never robbed, however long it says nothing", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("long", { process: () => hold.opened });
  await queue.start();
  const { number } = await queue.enqueue("long");
  await queue.spy.waitFor(number, "processing");
  const peer = await queue.again();
  peer.registerHandler("long", { process: () => "stolen" });
  await peer.start();
  await peer.clock.advance(30_000);
  expect((await peer.service.getStatus(number))?.state).toBe("processing");
  hold.open();
  await queue.wait(number);
});

test("a job whose worker dies three times under it ends as crashed", async () => {
  let queue = await openQueue();
  const { number } = await queue.enqueue("poison", null, { maxAttempts: 10 });
  for (let life = 1; life <= 3; life++) {
    queue.registerHandler("poison", { process: () => gate().opened });
    await queue.start();
    await queue.spy.waitFor(number, "processing");
    queue.crash();
    queue = await queue.again();
  }
  await queue.start();
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "failed", reason: "crashed" });
});

test("a type that must not be repeated ends as interrupted when its worker dies", async () => {
  const queue = await openQueue();
  queue.registerHandler("command", { process: () => gate().opened }, { afterCrash: "interrupt" });
  await queue.start();
  const { number } = await queue.enqueue("command");
  await queue.spy.waitFor(number, "processing");
  queue.crash();
  const next = await queue.again();
  await next.start();
  expect(await next.service.getStatus(number)).toMatchObject({ state: "failed", reason: "interrupted" });
});

test("a cancel that was asked of a worker which then died is carried out, not forgotten", async () => {
  const queue = await openQueue();
  queue.registerHandler("long", { process: () => gate().opened });
  await queue.start();
  const { number } = await queue.enqueue("long");
  await queue.spy.waitFor(number, "processing");
  const other = await queue.again();
  expect(await other.service.cancel(number)).toEqual({ state: "processing", cancelling: true });
  queue.crash();
  await other.start();
  expect(await other.service.getStatus(number)).toMatchObject({ state: "cancelled", reason: "user" });
});

for (const point of [
  "before-commit",
  "after-commit",
  "before-handler",
  "after-handler",
  "before-settle",
  "after-settle",
] as const) {
  for (const nth of [1, 2, 3, 4]) {
    test(`nothing acknowledged is lost when the worker crashes at ${point} (${nth})`, async () => {
      const crash = crashAt(point, nth);
      const queue = await openQueue({ ports: crash.ports });
      const handler = { process: (n: number) => n * 2 };
      queue.registerHandler("double", handler);
      const acknowledged = [await queue.enqueue("double", 1), await queue.enqueue("double", 2)];
      crash.arm(queue);
      await queue.start().catch(() => undefined);
      for (const n of [3, 4]) {
        const made = await queue.enqueue("double", n).catch(() => undefined);
        if (made) acknowledged.push(made);
      }
      await queue.clock.advance(100).catch(() => undefined);
      queue.crash();
      const next = await queue.again({ ports: { point: () => undefined } });
      next.registerHandler("double", handler);
      await next.start();
      for (const { number } of acknowledged) {
        const job = await next.wait(number);
        expect(job).toMatchObject({ state: "completed", result: (job.data as number) * 2 });
      }
      const ends = (await next.events.read()).events.filter(
        (event) => event.kind === "job" && event.change === "ended",
      );
      expect(new Set(ends.map((event) => event.kind === "job" && event.job.number)).size).toBe(ends.length);
    });
  }
}

test("a graceful stop lets running jobs end, gives back what does not, and the interrupted try does not count", async () => {
  const queue = await openQueue();
  const quick = gate();
  let told: unknown;
  queue.registerHandler("quick", { process: () => quick.opened.then(() => "done") });
  queue.registerHandler("long", {
    process: (_d, _i, job) =>
      new Promise((_, reject) =>
        job.signal.addEventListener("abort", () => {
          told = job.signal.reason;
          reject(job.signal.reason as Error);
        }),
      ),
  });
  await queue.start();
  const a = await queue.enqueue("quick");
  const b = await queue.enqueue("long", null, { maxAttempts: 1 });
  await queue.spy.waitFor(b.number, "processing");
  const peer = await queue.again();
  const stopping = queue.stop({ grace: 5_000 });
  const c = await peer.enqueue("quick");
  quick.open();
  await queue.clock.advance(4_000);
  expect((await peer.service.getStatus(a.number))?.state).toBe("completed");
  expect((await peer.service.getStatus(b.number))?.state).toBe("processing");
  await queue.clock.advance(1_000);
  await stopping;
  expect(told).toMatchObject({ code: "stopping" });
  expect(await peer.service.getStatus(b.number)).toMatchObject({ state: "pending", attempt: 0 });
  expect((await peer.service.getStatus(c.number))?.state).toBe("pending");
  expect(await codeOf(queue.enqueue("quick"))).toBe("QUEUE_CLOSED");
});

test("retry --force takes a running job from its worker, whose later writes change nothing", async () => {
  const queue = await openQueue();
  const hold = gate();
  let signal: AbortSignal | undefined;
  queue.registerHandler("work", {
    process(_d, _i, job) {
      signal = job.signal;
      return hold.opened.then(() => "late");
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("work");
  await queue.spy.waitFor(number, "processing");
  queue.service.unregisterHandler("work");
  const other = await queue.again();
  expect(await codeOf(other.service.retry(number))).toBe("INVALID_STATE");
  await other.service.retry(number, { force: true });
  expect(await other.service.runs(number)).toMatchObject([{ run: 1, state: "failed", reason: "stalled" }]);
  queue.worker.foreign();
  expect(signal?.aborted && (signal.reason as { code: string }).code).toBe("lost");
  hold.open();
  await queue.clock.advance(100);
  expect(await other.service.getStatus(number)).toMatchObject({ state: "pending", run: 2, result: undefined });
});

test("one worker retires when nothing is left, and not while something is claimable, delayed or waiting", async () => {
  const queue = await openQueue();
  queue.registerHandler("work", { process: () => null });
  await queue.start();
  const { number } = await queue.enqueue("work", null, { delay: 1_000 });
  expect(await queue.retireIfIdle()).toBe(false);
  await queue.clock.advance(1_000);
  await queue.wait(number);
  await queue.drain();
  expect(await queue.retireIfIdle()).toBe(true);
  expect((await queue.workers())[0]?.state).toBe("stopping");
});

test("a lock is held by one and free when its holder is gone", async () => {
  const queue = await openQueue();
  const other = await queue.again();
  const held = await queue.acquireLock("only-one");
  expect(held).not.toBeNull();
  expect(await other.acquireLock("only-one")).toBeNull();
  expect(await other.isLocked("only-one")).toBe(true);
  held?.release();
  expect(await other.isLocked("only-one")).toBe(false);
});
