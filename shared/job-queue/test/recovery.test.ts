import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { crashAt } from "../src/testing/index.ts";
import { codeOf, gate, impatient, openQueue } from "./kit.ts";

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
  const other = await impatient(queue);
  expect(await codeOf(other.service.retry(number))).toBe("INVALID_STATE");
  expect(await other.service.retry(number, { force: true })).toEqual({ pid: process.pid, worker: "alive" });
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
  const file = join(`${queue.path}.locks`, "only-one.lock");
  rmSync(file);
  expect(await other.isLocked("only-one")).toBe(false);
  expect(existsSync(file)).toBe(false);
});

test("the policy of a type holds for jobs that a process without its handler enqueued", async () => {
  const producer = await openQueue();
  const careful = await producer.enqueue("command");
  const told = await producer.enqueue("command", null, { maxAttempts: 2 });
  const worker = await producer.again();
  worker.registerHandler("command", { process: () => gate().opened }, { afterCrash: "interrupt", maxAttempts: 1 });
  await worker.start();
  await producer.spy.waitFor(told.number, "processing");
  expect((await producer.service.getStatus(careful.number))?.maxAttempts).toBe(1);
  expect((await producer.service.getStatus(told.number))?.maxAttempts).toBe(2);
  worker.crash();
  const next = await producer.again();
  await next.start();
  expect(await next.service.getStatus(careful.number)).toMatchObject({ state: "failed", reason: "interrupted" });
});

test("two names of one store are one store: a live worker is not taken for dead through a link", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("long", { process: () => hold.opened });
  await queue.start();
  const { number } = await queue.enqueue("long");
  await queue.spy.waitFor(number, "processing");
  const linkFolder = mkdtempSync(join(tmpdir(), "link-"));
  onTestFinished(() => rmSync(linkFolder, { recursive: true, force: true }));
  symlinkSync(queue.path, join(linkFolder, "other-name.db"));
  const peer = await queue.again({ path: join(linkFolder, "other-name.db") });
  await peer.start();
  expect((await peer.service.getStatus(number))?.state).toBe("processing");
  expect(await peer.workers()).toHaveLength(2);
  hold.open();
});

test("a worker whose look for work failed once looks again", async () => {
  let failing = false;
  const queue = await openQueue({
    ports: {
      point(name) {
        if (name !== "before-commit" || !failing) return;
        failing = false;
        throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
      },
    },
  });
  queue.registerHandler("x", { process: () => "ran" });
  await queue.start();
  const producer = await queue.again({ ports: { point: () => undefined } });
  const { number } = await producer.enqueue("x");
  failing = true;
  queue.worker.foreign();
  await queue.clock.advance(2_000);
  expect(failing).toBe(false);
  expect(await producer.service.getStatus(number)).toMatchObject({ state: "completed" });
});

test("an outcome that the store can never take fails the job instead of being tried for ever", async () => {
  let once = true;
  const queue = await openQueue({
    ports: {
      point(name) {
        if (name !== "before-commit" || once) return;
        once = true;
        throw Object.assign(new Error("CHECK constraint failed"), { code: "SQLITE_CONSTRAINT_CHECK" });
      },
    },
  });
  const hold = gate();
  queue.registerHandler("x", { process: () => hold.opened.then(() => void (once = false)) }, { maxAttempts: 1 });
  await queue.start();
  const { number } = await queue.enqueue("x");
  await queue.spy.waitFor(number, "processing");
  hold.open();
  await queue.clock.advance(10);
  expect(await queue.service.getStatus(number)).toMatchObject({
    state: "failed",
    reason: "error",
    error: { message: expect.stringContaining("CHECK constraint failed") as string },
  });
});

test("a worker that was idle for long is answering when it starts a job", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("x", { process: () => hold.opened });
  await queue.start();
  await queue.clock.advance(3_600_000);
  const { number } = await queue.enqueue("x");
  await queue.spy.waitFor(number, "processing");
  expect((await queue.service.getStatus(number))?.worker?.answering).toBe(true);
  hold.open();
});

test("a stop does not wait for a handler that ignores its signal, and two stops are one", async () => {
  const queue = await openQueue();
  queue.registerHandler("deaf", { process: () => gate().opened });
  await queue.start();
  const { number } = await queue.enqueue("deaf", null, { maxAttempts: 1 });
  await queue.spy.waitFor(number, "processing");
  const peer = await queue.again();
  const stopped = Promise.all([queue.stop({ grace: 1_000 }), queue.stop({ grace: 1_000 })]);
  await queue.clock.advance(3_000);
  await stopped;
  expect(await peer.service.getStatus(number)).toMatchObject({ state: "pending", attempt: 0 });
  expect(await peer.workers()).toEqual([]);
});

test("a worker whose lock cannot be made does not start, says why, and can be started later", async () => {
  const queue = await openQueue();
  writeFileSync(`${queue.path}.locks`, "in the way");
  expect(await codeOf(queue.start())).toBe("STORE_UNREADABLE");
  expect(queue.worker.state).toBe("idle");
  rmSync(`${queue.path}.locks`);
  queue.registerHandler("x", { process: () => "ran" });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("x")).number)).result).toBe("ran");
});

test("a draining worker claims nothing more, and is told once", async () => {
  const queue = await openQueue();
  const hold = gate();
  let told = 0;
  queue.worker.onDrain = () => void (told += 1);
  queue.registerHandler("x", { process: () => hold.opened });
  await queue.start();
  const first = await queue.enqueue("x");
  await queue.spy.waitFor(first.number, "processing");
  const other = await queue.again();
  await other.requestDrain(queue.worker.id as number);
  queue.worker.foreign();
  const second = await queue.enqueue("x");
  hold.open();
  await queue.wait(first.number);
  queue.worker.foreign();
  await queue.clock.advance(1_000);
  expect((await queue.service.getStatus(second.number))?.state).toBe("pending");
  expect(told).toBe(1);
});

test("two stops of a worker at once are one", async () => {
  const queue = await openQueue();
  await queue.start();
  await Promise.all([queue.worker.stop(), queue.worker.stop()]);
  expect(queue.worker.state).toBe("idle");
  expect(queue.internalErrors).toEqual([]);
  queue.registerHandler("x", { process: () => "again" });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("x")).number)).result).toBe("again");
});
