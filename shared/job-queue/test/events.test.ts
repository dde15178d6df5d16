import { expect, test } from "vitest";
import type { QueueEvent } from "../src/index.ts";
import { turns } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

const told = (events: readonly QueueEvent[]) =>
  events.map((event) =>
    event.kind === "job" ? `#${event.job.number} ${event.change}` : `batch #${event.batch.number} ${event.change}`,
  );

test("the journal tells what happened in order, and each end once", async () => {
  const queue = await openQueue();
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  const batch = await queue.enqueueBatch([{ type: "x" }]);
  await queue.batches.wait(batch.batchId);
  const { events, cursor } = await queue.events.read();
  expect(told(events)).toEqual([
    "batch #1 created",
    "#2 enqueued",
    "#2 started",
    "batch #1 progress",
    "#2 ended",
    "batch #1 progress",
    "batch #1 ended",
  ]);
  expect((await queue.events.read({ after: cursor })).events).toEqual([]);
});

test("a reader that comes back with its cursor misses nothing and sees nothing twice, from any process", async () => {
  const queue = await openQueue();
  const writer = await queue.again();
  const seen: string[] = [];
  let cursor = await queue.events.cursor();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 40; i++) await writer.enqueue("x", i);
    const page = await queue.events.read({ after: cursor, limit: 23 });
    seen.push(...told(page.events));
    cursor = page.cursor;
  }
  for (;;) {
    const page = await queue.events.read({ after: cursor, limit: 23 });
    if (page.events.length === 0) break;
    seen.push(...told(page.events));
    cursor = page.cursor;
  }
  expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => `#${i + 1} enqueued`));
});

test("a listener that throws is reported and hurts nobody", async () => {
  const queue = await openQueue();
  const seen: string[] = [];
  queue.events.on("job-progress", () => {
    throw new Error("bad listener");
  });
  queue.events.on("job-progress", (event) => seen.push(event.change));
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  await queue.wait((await queue.enqueue("x")).number);
  await turns();
  expect(seen).toEqual(["enqueued", "started", "ended"]);
  expect(queue.internalErrors.length).toBe(3);
});

test("a subscriber in another process hears of what happens here, and a wait there ends", async () => {
  const queue = await openQueue();
  const other = await queue.again();
  const heard = gate();
  const seen: string[] = [];
  other.events.subscribe({}, (event) => {
    if (event.kind !== "job") return;
    seen.push(event.change);
    if (event.change === "ended") heard.open();
  });
  queue.registerHandler("x", { process: () => "done" });
  await queue.start();
  const { number } = await queue.enqueue("x");
  expect((await other.wait(number)).result).toBe("done");
  await heard.opened;
  expect(seen).toEqual(["enqueued", "started", "ended"]);
});

test("a cancel reaches the owner in another process", async () => {
  const queue = await openQueue();
  const other = await queue.again();
  queue.registerHandler("x", {
    process: (_d, _i, job) =>
      new Promise((_, reject) => job.signal.addEventListener("abort", () => reject(job.signal.reason as Error))),
  });
  await queue.start();
  const { number } = await queue.enqueue("x");
  await queue.spy.waitFor(number, "processing");
  expect(await other.service.cancel(number)).toEqual({ state: "processing", cancelling: true });
  expect((await other.service.getStatus(number))?.cancelling).toBe(true);
  expect(await other.wait(number)).toMatchObject({ state: "cancelled", reason: "user" });
});

test("logs are followed live from another process until the end", async () => {
  const queue = await openQueue();
  const other = await queue.again();
  const step = gate();
  queue.registerHandler("x", {
    async process(_d, _i, job) {
      job.log("one");
      await step.opened;
      job.log("two");
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("x");
  await queue.spy.waitFor(number, "processing");
  await queue.clock.advance(100);
  const lines: string[] = [];
  for await (const line of other.service.followLogs(number)) {
    lines.push(line.text);
    if (line.text === "one") step.open();
  }
  expect(lines).toEqual(["one", "two"]);
});

test("a cursor older than retention says so and gives a fresh one; nonsense is refused", async () => {
  const queue = await openQueue({ retention: { maxAge: 60_000 } });
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  const start = await queue.events.cursor();
  await queue.wait((await queue.enqueue("x")).number);
  await queue.clock.advance(130_000);
  const error = (await queue.events.read({ after: start }).catch((e: unknown) => e)) as {
    code: string;
    data: { cursor: string };
  };
  expect(error.code).toBe("CURSOR_EXPIRED");
  expect((await queue.events.read({ after: error.data.cursor })).events).toEqual([]);
  for (const bad of ["", "x", "e", "e-1", "j5", "e99999999999999", "'; drop"]) {
    expect(["INVALID_CURSOR", "CURSOR_EXPIRED"]).toContain(await codeOf(queue.events.read({ after: bad })));
  }
});

test("retention removes ended work of its age, and never what has not ended", async () => {
  const queue = await openQueue({ retention: { maxAge: 60_000 } });
  queue.registerHandler("x", { process: (_d, _i, job) => job.log("line") });
  await queue.start();
  const old = await queue.enqueue("x");
  const batch = await queue.enqueueBatch([{ type: "x" }, { type: "nobody" }]);
  const waiting = await queue.enqueue("nobody");
  await queue.wait(old.number);
  await queue.clock.advance(130_000);
  expect(await queue.service.getStatus(old.number)).toBeNull();
  expect((await queue.service.getStatus(waiting.number))?.state).toBe("pending");
  expect((await queue.service.list({ batch: batch.batchId })).items).toHaveLength(2);
});

test("retention keeps the newest ended jobs up to the count", async () => {
  const queue = await openQueue({ retention: { maxJobs: 5 } });
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  for (let i = 0; i < 12; i++) {
    await queue.wait((await queue.enqueue("x")).number);
    await queue.clock.advance(1);
  }
  await queue.clock.advance(120_000);
  expect((await queue.service.list()).items.map((job) => job.number)).toEqual([12, 11, 10, 9, 8]);
});

test("a batch goes as a whole when there are too many ended jobs", async () => {
  const queue = await openQueue({ retention: { maxJobs: 5 } });
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  const batch = await queue.enqueueBatch(Array.from({ length: 1_200 }, () => ({ type: "x" })));
  await queue.batches.wait(batch.batchId);
  const kept = await queue.service.enqueueMany([{ type: "x" }, { type: "x" }]);
  for (const job of kept) await queue.wait(job.number);
  await queue.clock.advance(61_000);
  expect(await queue.batches.getBatchStatus(batch.batchId)).toBeNull();
  expect((await queue.service.list()).items.map((job) => job.number)).toEqual(
    kept.map((job) => job.number).toReversed(),
  );
});

test("a store over its bytes loses ended work, but neither waiting work nor the last hour of its journal", async () => {
  const queue = await openQueue({ retention: { maxBytes: 1 } });
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  const { cursor } = await queue.events.read();
  const ended = await queue.enqueue("x");
  await queue.wait(ended.number);
  const waiting = await queue.enqueue("nobody");
  await queue.clock.advance(61_000);
  expect(await queue.service.getStatus(ended.number)).toBeNull();
  expect((await queue.service.getStatus(waiting.number))?.state).toBe("pending");
  expect(told((await queue.events.read({ after: cursor })).events)).toEqual([`#${waiting.number} enqueued`]);
  await queue.clock.advance(3_700_000);
  expect(await codeOf(queue.events.read({ after: cursor }))).toBe("CURSOR_EXPIRED");
});

test("a subscriber a long way behind is told everything, while the event loop turns", async () => {
  const queue = await openQueue();
  const start = await queue.events.cursor();
  await queue.service.enqueueMany(Array.from({ length: 1_000 }, () => ({ type: "x" })));
  let turned = 0;
  const seen: number[] = [];
  const all = gate();
  const count = () => {
    turned += 1;
    if (seen.length < 1_000) setImmediate(count);
  };
  queue.events.subscribe({ after: start }, (event) => {
    if (event.kind === "job") seen.push(event.job.number);
    if (seen.length === 1_000) all.open();
  });
  setImmediate(count);
  await all.opened;
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  expect(turned).toBeGreaterThan(3);
});
