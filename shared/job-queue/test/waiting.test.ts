import { expect, test } from "vitest";
import { codeOf, gate, openQueue } from "./kit.ts";

test("sleep frees the slot, survives a restart, and costs no try", async () => {
  const queue = await openQueue({ concurrency: 1 });
  const handlers = (on: typeof queue) => {
    on.registerHandler("nap", {
      async process(_data, _id, job) {
        await job.sleep(60_000);
        await job.sleep(60_000);
        return job.attempt;
      },
    });
    on.registerHandler("quick", { process: () => "done" });
  };
  handlers(queue);
  await queue.start();
  const nap = await queue.enqueue("nap");
  const quick = await queue.enqueue("quick");
  expect((await queue.wait(quick.number)).state).toBe("completed");
  expect(await queue.service.getStatus(nap.number)).toMatchObject({
    state: "pending",
    runAt: queue.clock.now() + 60_000,
  });
  await queue.clock.advance(60_000);
  queue.crash();
  const again = await queue.again();
  handlers(again);
  await again.start();
  expect((await again.service.getStatus(nap.number))?.state).toBe("pending");
  await again.clock.advance(60_000);
  expect(await again.wait(nap.number)).toMatchObject({ state: "completed", result: 1 });
});

test("waitFor frees the slot and returns how each ended, in the order asked", async () => {
  const queue = await openQueue({ concurrency: 1 });
  queue.registerHandler(
    "child",
    {
      process(ok: boolean) {
        if (!ok) throw new Error("bad child");
        return "good";
      },
    },
    { maxAttempts: 1 },
  );
  queue.registerHandler("parent", {
    async process(_data, _id, job) {
      const ids = await job.step("start", async () => {
        const bad = await queue.enqueue("child", false);
        const good = await queue.enqueue("child", true);
        const batch = await queue.enqueueBatch([{ type: "child", data: true }]);
        return [bad.jobId, good.jobId, batch.batchId];
      });
      return (await job.waitFor(ids)).map((work) => [work.state, work.result ?? work.error?.message ?? null]);
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("parent");
  await queue.spy.waitFor(number, "blocked");
  expect((await queue.wait(number)).result).toEqual([
    ["failed", "bad child"],
    ["completed", "good"],
    ["completed", null],
  ]);
});

test("a job cannot wait for itself or for nothing", async () => {
  const queue = await openQueue();
  queue.registerHandler("self", {
    process: async (_d, id, job) => [await codeOf(job.waitFor(id)), await codeOf(job.waitFor("12345"))],
  });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("self")).jobId)).result).toEqual(["INVALID_OPTION", "JOB_NOT_FOUND"]);
});

test("waiting time does not count against the time-out", async () => {
  const queue = await openQueue();
  queue.registerHandler(
    "ask",
    { process: async (_d, _i, job) => (await job.requestDecision({ question: "?" })).choice },
    { timeout: 1_000 },
  );
  await queue.start();
  const { number } = await queue.enqueue("ask");
  await queue.spy.waitFor(number, "waiting_approval");
  await queue.clock.advance(3_600_000);
  await queue.requests.decide(number, { choice: "approve" });
  expect(await queue.wait(number)).toMatchObject({ state: "completed", result: "approve" });
});

test("a handler that swallows the suspension changes nothing", async () => {
  const queue = await openQueue();
  const swallowed = gate();
  let runs = 0;
  queue.registerHandler("swallow", {
    async process(_data, _id, job) {
      runs += 1;
      try {
        await job.sleep(1_000);
      } catch {
        job.log("I go on");
        swallowed.open();
        return "too early";
      }
      return "right";
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("swallow");
  await swallowed.opened;
  await queue.clock.advance(1_000);
  expect(await queue.wait(number)).toMatchObject({ state: "completed", result: "right" });
  expect(runs).toBe(2);
  expect((await queue.service.logs(number)).lines).toEqual([]);
});

test("times of waiting that make no sense are refused inside the handler", async () => {
  const queue = await openQueue();
  queue.registerHandler("x", {
    process: async (_d, _i, job) => [
      await codeOf(job.sleep(1e300)),
      await codeOf(job.sleep(Number.NaN)),
      await codeOf(job.requestDecision({ question: "?", expiresIn: Number.NaN })),
      await codeOf(job.requestDecision({ question: "?", expiresIn: -1 })),
      await codeOf(job.requestDecision({ question: "?", choices: [1 as never] })),
      await codeOf(job.requestDecision({ question: "x".repeat(20_000) })),
      await codeOf(job.requestDecision({ question: "?", details: "x".repeat(2_000_000) })),
      await codeOf(job.requestDecision({ question: "?", onReject: "never" as never })),
    ],
  });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("x")).jobId)).result).toEqual([
    ...Array.from({ length: 6 }, () => "INVALID_OPTION"),
    "TOO_LARGE",
    "INVALID_OPTION",
  ]);
});

test("a handler that waits for two things at once is suspended once, for the first", async () => {
  const queue = await openQueue();
  const thrown: unknown[] = [];
  queue.registerHandler("both", {
    async process(_d, _i, job) {
      await Promise.all([
        job.sleep(1_000).catch((e: unknown) => Promise.reject(thrown.push(e))),
        job.requestDecision({ question: "?" }).catch((e: unknown) => Promise.reject(thrown.push(e))),
      ]);
      return "both";
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("both");
  await queue.clock.advance(1);
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "pending", attempt: 0 });
  expect(thrown.every((error) => (error as { code?: string } | undefined)?.code === "suspended")).toBe(true);
  await queue.clock.advance(1_000);
  expect((await queue.service.getStatus(number))?.state).toBe("waiting_approval");
  await queue.requests.decide(number, { choice: "approve" });
  expect((await queue.wait(number)).result).toBe("both");
});

test("a suspended handler has cleaned up before its job goes on", async () => {
  const queue = await openQueue();
  const cleanup = gate();
  const order: string[] = [];
  queue.registerHandler("tidy", {
    async process(_d, _i, job) {
      order.push("begin");
      try {
        await job.sleep(1);
      } finally {
        if (order.length === 1) await cleanup.opened;
        order.push("end");
      }
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("tidy");
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(1_000);
  expect(order).toEqual(["begin"]);
  cleanup.open();
  await queue.clock.advance(10);
  await queue.wait(number);
  expect(order).toEqual(["begin", "end", "begin", "end"]);
});

test("jobs that come to wait for each other in a circle do not wait for ever: the last one fails and names it", async () => {
  const queue = await openQueue();
  const other = new Map<number, string>();
  queue.registerHandler("wait", {
    process: async (_d, _i, job) => (await job.waitFor(other.get(job.number) ?? [])).length,
  });
  const { batchId, jobIds } = await queue.enqueueBatch([{ type: "wait" }]);
  const member = Number.parseInt(jobIds[0] as string, 10);
  const between = await queue.enqueue("wait", null, { delay: 1_000 });
  const last = await queue.enqueue("wait", null, { delay: 2_000 });
  other.set(member, between.jobId).set(between.number, last.jobId).set(last.number, batchId);
  await queue.start();
  await queue.drain();
  expect(await queue.service.getStatus(last.number)).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { message: expect.stringContaining("in a circle") as string },
  });
  expect(await queue.service.getStatus(between.number)).toMatchObject({ state: "completed", result: 1 });
  expect(await queue.batches.getBatchStatus(batchId)).toMatchObject({ status: "completed" });
});

test("what a job depends on must complete also while its handler waits for it", async () => {
  const queue = await openQueue();
  let run = 0;
  const holds = [gate(), gate()] as const;
  queue.registerHandler("first", {
    async process() {
      await holds[run++]?.opened;
      if (run === 2) throw new Error("not this time");
    },
  });
  const asks = gate();
  queue.registerHandler("second", {
    async process(_data, _id, job) {
      await asks.opened;
      await job.waitFor(String(first.number));
    },
  });
  const first = await queue.enqueue("first", null, { maxAttempts: 1 });
  const second = await queue.enqueue("second", null, { after: first.number });
  await queue.start();
  holds[0].open();
  await queue.spy.waitFor(second.number, "processing");
  await queue.service.retry(first.number);
  asks.open();
  await queue.spy.waitFor(second.number, "blocked");
  holds[1].open();
  expect(await queue.wait(second.number)).toMatchObject({ state: "cancelled", reason: "dependency" });
  expect(await codeOf(queue.service.retry(second.number))).toBe("INVALID_STATE");
});
