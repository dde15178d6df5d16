import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { type Database, openFile } from "../src/sqlite.ts";
import type { PointName } from "../src/ports.ts";
import type { TestQueue } from "../src/testing/index.ts";
import { openQueue } from "./kit.ts";

const MIB = 1024 * 1024;

/** A queue, and how many rows of a table each of its transactions left, where they changed. */
async function openCounted(table: string, retention: object) {
  let look = (): void => undefined;
  const ports = { point: (name: PointName) => void (name === "after-commit" && look()) };
  const queue = await openQueue({ retention, ports });
  let db: Database | undefined;
  const left: number[] = [];
  return {
    queue,
    left,
    count(): void {
      db = openFile(queue.path);
      const rows = db.prepare(`SELECT count(*) FROM ${table}`).pluck();
      look = () => {
        const now = rows.get() as number;
        if (now !== left.at(-1)) left.push(now);
      };
      look();
    },
    close: () => db?.close(),
  };
}

/** Lets the worker tidy up once. */
async function tidy(queue: TestQueue): Promise<void> {
  await queue.clock.advance(60_000);
}

const steps = (left: readonly number[]): number[] => left.slice(1).map((now, i) => (left[i] as number) - now);

test("a slice of large jobs ends after some megabytes, so that no transaction frees hundreds of them", async () => {
  const { queue, left, count, close } = await openCounted("bq_job", { maxJobs: 0 });
  queue.registerHandler("t:large", { process: () => null });
  await queue.start();
  const data = "x".repeat(MIB - 100);
  await queue.service.enqueueMany(Array.from({ length: 30 }, () => ({ type: "t:large", data })));
  await queue.drain({ within: 0 });
  count();
  await tidy(queue);
  await expect.poll(() => left.at(-1)).toBe(0);
  close();
  expect(Math.max(...steps(left))).toBeLessThanOrEqual(9);
});

test("a batch of large members goes in slices too, and none of another one is taken for it", async () => {
  const { queue, left, count, close } = await openCounted("bq_job", { maxJobs: 2 });
  queue.registerHandler("t:large", { process: () => null });
  await queue.start();
  const data = "x".repeat(MIB - 100);
  const { batchId } = await queue.enqueueBatch(Array.from({ length: 20 }, () => ({ type: "t:large", data })));
  await queue.drain({ within: 0 });
  const kept = await queue.service.enqueueMany([{ type: "t:large" }, { type: "t:large" }]);
  await queue.drain({ within: 0 });
  count();
  await tidy(queue);
  await expect.poll(() => left.at(-1)).toBe(2);
  close();
  expect(Math.max(...steps(left))).toBeLessThanOrEqual(9);
  expect(await queue.batches.getBatchStatus(batchId)).toBeNull();
  expect((await queue.service.list()).items.map(({ number }) => number)).toEqual(
    kept.map(({ number }) => number).toReversed(),
  );
});

test("a small batch is counted once, so that no more is removed than is too much", async () => {
  const queue = await openQueue({ retention: { maxJobs: 4 } });
  queue.registerHandler("t:work", { process: () => null });
  await queue.start();
  await queue.enqueueBatch(Array.from({ length: 3 }, () => ({ type: "t:work" })));
  await queue.drain({ within: 0 });
  await queue.service.enqueueMany(Array.from({ length: 8 }, () => ({ type: "t:work" })));
  await queue.drain({ within: 0 });
  await tidy(queue);
  await expect.poll(async () => (await queue.service.list()).items.length).toBe(4);
});

test("a long log is removed in pieces before its job", async () => {
  const { queue, left, count, close } = await openCounted("bq_log", { maxJobs: 0 });
  queue.registerHandler("t:chatty", {
    process(_data, _id, job) {
      for (let line = 0; line < 12_000; line++) job.log(`line ${line}`);
    },
  });
  await queue.start();
  await queue.enqueue("t:chatty");
  await queue.drain({ within: 0 });
  count();
  expect(left).toEqual([12_000]);
  await tidy(queue);
  await expect.poll(() => left.at(-1)).toBe(0);
  await expect.poll(async () => (await queue.service.list()).items).toEqual([]);
  close();
  expect(Math.max(...steps(left))).toBeLessThanOrEqual(5_000);
});

test("a store through which work passes does not grow: what was freed is used again", async () => {
  const queue = await openQueue({ retention: { maxJobs: 100, maxAge: 60_000 } });
  queue.registerHandler("t:work", { process: (data) => data });
  await queue.start();
  const sizes: number[] = [];
  for (let round = 0; round < 6; round++) {
    const data = { round, text: "x".repeat(400) };
    await queue.service.enqueueMany(Array.from({ length: 2_000 }, () => ({ type: "t:work", data })));
    await queue.drain({ within: 0 });
    // Twice, so that the journal of this round is over its age as well.
    for (let times = 0; times < 2; times++) await tidy(queue);
    await expect.poll(async () => (await queue.service.count()).count).toBeLessThanOrEqual(100);
    sizes.push((await queue.stats()).bytes);
    sizes.push(statSync(queue.path).size);
  }
  const files = sizes.filter((_, index) => index % 2 === 1);
  expect(files.at(-1)).toBeLessThanOrEqual((files[1] as number) * 1.1);
});
