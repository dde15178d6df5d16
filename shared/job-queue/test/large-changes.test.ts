import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { BATCH_SLICE } from "../src/limits.ts";
import { migrate } from "../src/sqlite.ts";
import { CANCELLED, COMPLETED, FAILED } from "../src/store/codes.ts";
import type { Store } from "../src/store/store.ts";
import { systemPorts } from "../src/system-ports.ts";
import { type TestQueue, crashAt } from "../src/testing/index.ts";
import { createTestStore, openQueue } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;
const COUNT = BATCH_SLICE * 2 + 300;
const operations = (count: number) => Array.from({ length: count }, (_, n) => ({ type: "n", data: n }));

/** What is left to do, and how many of a batch's members are in a state, by a connection of its own. */
function look(path: string, sql: string): number {
  const db = new Sqlite(path, { readonly: true });
  try {
    return db.prepare(sql).pluck().get() as number;
  } finally {
    db.close();
  }
}
const chores = (path: string) => look(path, "SELECT count(*) FROM bq_chore");
const inState = (path: string, state: number) => look(path, `SELECT count(*) FROM bq_job WHERE state = ${state}`);

/** The runs of batches that have ended. */
function ends(queue: TestQueue): number[] {
  const told: number[] = [];
  queue.events.on("batch-progress", (event) => {
    if (event.change === "ended") told.push(event.run);
  });
  return told;
}

test("the retry of a large batch whose process dies half way is gone on with by a worker, and its run ends once", async () => {
  const queue = await openQueue();
  const told = ends(queue);
  const { batchId } = await queue.enqueueBatch(operations(COUNT));
  await queue.batches.cancelBatch(batchId);
  // Asked, marked in four slices, begun, and two slices of it.
  const crash = crashAt("after-commit", 8);
  const dying = await queue.again({ ports: crash.ports });
  crash.arm(dying);
  await expect(dying.service.retry(batchId)).rejects.toThrow();
  expect(crash.crashed).toBe(true);
  expect(chores(queue.path)).toBe(1);
  const again = inState(queue.path, 0);
  expect(again).toBeGreaterThan(0);
  expect(again).toBeLessThan(COUNT);
  const ran: number[] = [];
  queue.registerHandler("n", { process: (n: number) => void ran.push(n) });
  await queue.start();
  expect(await queue.batches.wait(batchId)).toMatchObject({ run: 2, status: "completed", completedOperations: COUNT });
  expect(ran.length).toBe(COUNT);
  expect(new Set(ran).size).toBe(COUNT);
  await queue.drain();
  expect(told).toEqual([1, 2]);
  expect(chores(queue.path)).toBe(0);
});

test("a member that fails again while a large batch is still being retried is not run a third time", async () => {
  const queue = await openQueue();
  const tries = new Map<number, number>();
  queue.registerHandler(
    "n",
    {
      process(n: number) {
        tries.set(n, (tries.get(n) ?? 0) + 1);
        throw new Error("broken");
      },
    },
    { maxAttempts: 1 },
  );
  await queue.start();
  const { batchId } = await queue.enqueueBatch(operations(BATCH_SLICE));
  await queue.batches.wait(batchId);
  await queue.service.retry(batchId);
  expect(await queue.batches.wait(batchId)).toMatchObject({ run: 2, failedOperations: BATCH_SLICE });
  expect(new Set(tries.values())).toEqual(new Set([2]));
});

interface Rig {
  readonly db: BetterSqlite3.Database;
  readonly store: Store;
  /** Rows that were written so far. */
  readonly changes: () => number;
  transaction<T>(act: () => T): T;
}

/** The store alone, with a batch #1 whose members have all failed, marked for its next run. */
function failedBatch(members: number): Rig {
  const db = new Sqlite(":memory:");
  onTestFinished(() => void db.close());
  migrate(db);
  const store = createTestStore(db, systemPorts.random);
  const total = db.prepare("SELECT total_changes()").pluck();
  const transaction = <T>(act: () => T): T => {
    store.tick.begin(1);
    return db.transaction(() => {
      const done = act();
      store.settleBatches();
      store.conclude();
      return done;
    })();
  };
  db.exec(`
    INSERT INTO bq_lane VALUES (1, 'n');
    INSERT INTO bq_batch (id, secret, state, open, policy, priority, created_at) VALUES (1, 's', 0, 0, 'continue', 0, 1);
    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n LIMIT ${members})
      INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, batch) SELECT i, 1, 0, i, 1, 1, 1 FROM n;
    INSERT INTO bq_body (id, secret, priority, created_at, data) SELECT id, 's', 0, 1, 'null' FROM bq_job;
    UPDATE bq_job SET state = 6, ended_at = 1;
    UPDATE bq_batch SET state = 6, ended_at = 1;
  `);
  const { rerunBatch, markBatch } = store.commands;
  expect(transaction(() => rerunBatch({ id: 1, keepSteps: false, marked: false }))).toEqual({ mark: true });
  for (const state of [FAILED, CANCELLED])
    for (let after: number | null = 0; after !== null;) {
      const from: number = after;
      after = transaction(() => markBatch({ id: 1, state, after: from })).next;
    }
  return { db, store, changes: () => total.get() as number, transaction };
}

test("no transaction of the retry of a large batch writes more than a slice, and all of them as many rows as there are members", () => {
  const cost = (members: number): { most: number; all: number } => {
    const { db, store, changes, transaction } = failedBatch(members);
    const begin = changes();
    let before = begin;
    let most = 0;
    const wrote = () => {
      most = Math.max(most, changes() - before);
      before = changes();
    };
    transaction(() => store.commands.rerunBatch({ id: 1, keepSteps: false, marked: true }));
    wrote();
    while (transaction(() => store.commands.doChores(null)).more) wrote();
    expect(db.prepare("SELECT count(*) FROM bq_job WHERE state = 0 AND run = 2").pluck().get()).toBe(members);
    return { most, all: changes() - begin };
  };
  const [some, many] = [cost(BATCH_SLICE), cost(BATCH_SLICE * 4)];
  expect(many.most).toBeLessThanOrEqual(some.most + 10);
  expect(many.most).toBeLessThan(BATCH_SLICE * 4);
  expect(many.all).toBeLessThan(some.all * 4.2);
});

test("a batch does not end while members of it are still to be run again, and ends with the last of them", () => {
  const { db, store, transaction } = failedBatch(BATCH_SLICE);
  const finish = () => {
    db.exec("UPDATE bq_job SET state = 1 WHERE state = 0; UPDATE bq_job SET state = 5, ended_at = 1 WHERE state = 1");
    store.tick.touched.add(1);
  };
  const batch = db.prepare("SELECT state, completed, failed FROM bq_batch WHERE id = 1").raw();
  transaction(() => store.commands.rerunBatch({ id: 1, keepSteps: false, marked: true }));
  transaction(finish);
  const [state, completed, failed] = batch.get() as [number, number, number];
  expect(completed + failed).toBe(BATCH_SLICE);
  expect(failed).toBeGreaterThan(0);
  expect(state).toBe(0);
  while (transaction(() => store.commands.doChores(null)).more) transaction(finish);
  transaction(finish);
  expect(batch.get()).toEqual([COMPLETED, BATCH_SLICE, 0]);
});

test("a large batch that stops after a failure starts nothing more, also where its process dies half way", async () => {
  const queue = await openQueue();
  const { batchId } = await queue.enqueueBatch(operations(COUNT), { policy: "stop" });
  let ran = 0;
  const handler = {
    process() {
      ran += 1;
      throw new Error("broken");
    },
  };
  // The worker, the first claim, its failure with the first slice, and another slice.
  const crash = crashAt("after-commit", 4);
  const dying = await queue.again({ ports: crash.ports, concurrency: 1 });
  crash.arm(dying);
  dying.registerHandler("n", handler, { maxAttempts: 1 });
  await dying.start();
  await queue.spy.waitFor((job) => job.state === "failed", "failed");
  await expect.poll(() => crash.crashed).toBe(true);
  expect(inState(queue.path, 0)).toBeGreaterThan(0);
  expect(chores(queue.path)).toBe(1);
  queue.registerHandler("n", handler, { maxAttempts: 1 });
  await queue.start();
  expect(await queue.batches.wait(batchId)).toMatchObject({ failedOperations: 1, cancelledOperations: COUNT - 1 });
  expect(ran).toBe(1);
});

test("the cancel of a large batch whose process dies half way is gone on with by a worker, in the name of who asked", async () => {
  const queue = await openQueue();
  const { batchId, jobIds } = await queue.enqueueBatch(operations(COUNT));
  const crash = crashAt("after-commit", 2);
  const dying = await queue.again({ ports: crash.ports });
  crash.arm(dying);
  await expect(dying.batches.cancelBatch(batchId, { by: "ana" })).rejects.toThrow();
  expect(crash.crashed).toBe(true);
  expect(chores(queue.path)).toBe(1);
  expect(inState(queue.path, 0)).toBe(COUNT - 2 * BATCH_SLICE);
  let ran = 0;
  queue.registerHandler("n", { process: () => void (ran += 1) });
  await queue.start();
  expect(await queue.batches.wait(batchId)).toMatchObject({ status: "cancelled", cancelledOperations: COUNT });
  expect(ran).toBe(0);
  const states = await Promise.all([0, COUNT - 1].map((at) => queue.service.getStatus(jobIds[at] as string)));
  expect(states.map((job) => job?.error?.message)).toEqual(["Cancelled by ana.", "Cancelled by ana."]);
});

test("very many that wait for one job end with its cancel, come back with its retry and run after its end", async () => {
  const queue = await openQueue();
  const told = ends(queue);
  const first = await queue.enqueue("first");
  const { batchId } = await queue.enqueueBatch(operations(COUNT), { after: first.number });
  await queue.service.cancel(first.number);
  expect(inState(queue.path, 4)).toBeGreaterThan(0);
  expect(await queue.batches.wait(batchId)).toMatchObject({ status: "cancelled", cancelledOperations: COUNT });
  let ran = 0;
  queue.registerHandler("first", { process: () => undefined });
  queue.registerHandler("n", { process: () => void (ran += 1) });
  await queue.start();
  await queue.service.retry(first.number);
  await expect
    .poll(() => queue.batches.getBatchStatus(batchId), { timeout: 15_000 })
    .toMatchObject({ run: 2, status: "completed", completedOperations: COUNT });
  expect(ran).toBe(COUNT);
  await queue.drain();
  expect(told).toEqual([1, 2]);
});

test("very many jobs are added to an open batch in slices, each once", async () => {
  const queue = await openQueue();
  const ran: number[] = [];
  queue.registerHandler("n", { process: (n: number) => void ran.push(n) });
  queue.registerHandler("plan", {
    process: async (_data, _id, job) => (await job.addToBatch(operations(COUNT))).jobIds.length,
  });
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch([{ type: "plan" }], { open: true });
  expect(await queue.batches.wait(batchId)).toMatchObject({ status: "completed", completedOperations: COUNT });
  expect((await queue.service.getStatus(jobIds[0] as string))?.result).toBe(COUNT);
  expect(new Set(ran).size).toBe(COUNT);
});
