import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { expect, test } from "vitest";
import { BATCH_SLICE } from "../src/limits.ts";
import { crashAt } from "../src/testing/index.ts";
import { codeOf, openQueue } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;
const COUNT = BATCH_SLICE * 2 + 500;
const operations = (count: number) => Array.from({ length: count }, (_, n) => ({ type: "n", data: n }));

/** How many members are staged, by a connection of its own. */
function staged(path: string): number {
  const db = new Sqlite(path);
  const count = db.prepare("SELECT count(*) FROM bq_stage").pluck().get() as number;
  db.close();
  return count;
}

test("a large batch comes in slices, runs every member once in order, and its ids are those that were given", async () => {
  const queue = await openQueue();
  const seen: number[] = [];
  queue.registerHandler("n", { process: (n: number) => void seen.push(n) });
  const made = await queue.enqueueBatch(operations(COUNT), { label: "large", unit: "numbers" });
  expect(made).toMatchObject({ totalOperations: COUNT, duplicate: false });
  expect(new Set(made.jobIds).size).toBe(COUNT);
  expect(await queue.service.getStatus(made.jobIds[COUNT - 1] as string)).toMatchObject({
    data: COUNT - 1,
    number: made.number + COUNT,
    batchId: made.batchId,
  });
  expect((await queue.enqueue("other")).number).toBe(made.number + COUNT + 1);
  await queue.start();
  expect(await queue.batches.wait(made.batchId)).toMatchObject({ completedOperations: COUNT, percent: 100 });
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, n) => n));
});

test("a large batch whose process dies before it is whole was never there, and its remains go away", async () => {
  const queue = await openQueue();
  // The numbers, one slice.
  const crash = crashAt("after-commit", 2);
  const dying = await queue.again({ ports: crash.ports });
  crash.arm(dying);
  await expect(dying.enqueueBatch(operations(COUNT))).rejects.toThrow("crashed");
  expect(crash.crashed).toBe(true);
  expect((await queue.batches.list()).items).toEqual([]);
  expect((await queue.service.list()).items).toEqual([]);
  expect(staged(queue.path)).toBe(BATCH_SLICE);
  await queue.start();
  await queue.clock.advance(60 * 60_000);
  expect(staged(queue.path)).toBe(BATCH_SLICE);
  await queue.clock.advance(2 * 60_000);
  expect(staged(queue.path)).toBe(0);
});

test("a large batch whose process dies once it is whole is completed by a worker", async () => {
  const queue = await openQueue();
  // The numbers, three slices, the batch.
  const crash = crashAt("after-commit", 5);
  const dying = await queue.again({ ports: crash.ports });
  crash.arm(dying);
  await expect(dying.enqueueBatch(operations(COUNT), { label: "large" })).rejects.toThrow("crashed");
  const [batch] = (await queue.batches.list()).items;
  expect(batch).toMatchObject({ totalOperations: COUNT, completedOperations: 0, status: "pending" });
  expect((await queue.service.list()).items).toEqual([]);
  let ran = 0;
  queue.registerHandler("n", { process: () => void (ran += 1) });
  await queue.start();
  expect(await queue.batches.wait(batch?.batchId ?? "")).toMatchObject({ completedOperations: COUNT });
  expect(ran).toBe(COUNT);
});

test("a member of a large batch waits for others of its own, of earlier slices too, and is cancelled when one of them failed", async () => {
  const queue = await openQueue();
  const ran: unknown[] = [];
  queue.registerHandler(
    "n",
    {
      process(data: number) {
        ran.push(data);
        return data === 0 ? { success: false } : data;
      },
    },
    { maxAttempts: 1 },
  );
  await queue.start();
  const first = { type: "n", data: 0, key: "first" };
  const second = { type: "n", data: 1, key: "second" };
  const rest = operations(COUNT).slice(2);
  const { batchId } = await queue.enqueueBatch([
    first,
    second,
    ...rest,
    { type: "n", data: "after first", dependsOn: "first" },
    { type: "n", data: "after second", dependsOn: "second" },
  ]);
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "failed",
    completedOperations: COUNT,
    failedOperations: 1,
    cancelledOperations: 1,
  });
  expect(ran).toContain("after second");
  expect(ran).not.toContain("after first");
});

test("the same key brings a large batch once", async () => {
  const queue = await openQueue();
  const first = await queue.enqueueBatch(operations(COUNT), { idempotencyKey: "k" });
  const again = await queue.enqueueBatch(operations(COUNT), { idempotencyKey: "k" });
  expect(again).toMatchObject({ batchId: first.batchId, duplicate: true });
  expect(again.jobIds).toEqual(first.jobIds);
  expect(await codeOf(queue.enqueueBatch(operations(COUNT + 1), { idempotencyKey: "k" }))).toBe("IDEMPOTENCY_MISMATCH");
  expect((await queue.batches.list()).items).toHaveLength(1);
});

test("a large batch with one wrong member is refused whole", async () => {
  const queue = await openQueue();
  const wrong = [...operations(COUNT), { type: "n", data: 0, dependsOn: 99_999 }];
  expect(await codeOf(queue.enqueueBatch(wrong))).toBe("JOB_NOT_FOUND");
  expect((await queue.batches.list()).items).toEqual([]);
  expect((await queue.service.list()).items).toEqual([]);
});

test("the cancel of a large batch ends every member", async () => {
  const queue = await openQueue();
  const { batchId } = await queue.enqueueBatch(operations(COUNT));
  expect(await queue.batches.cancelBatch(batchId)).toMatchObject({
    status: "cancelled",
    cancelledOperations: COUNT,
    percent: 100,
  });
  expect(await codeOf(queue.batches.cancelBatch(batchId))).toBe("INVALID_STATE");
});

test("the cancel of a batch of exactly one slice is not refused by its own end", async () => {
  const queue = await openQueue();
  const { batchId } = await queue.enqueueBatch(operations(BATCH_SLICE));
  expect(await queue.batches.cancelBatch(batchId)).toMatchObject({ status: "cancelled" });
});
