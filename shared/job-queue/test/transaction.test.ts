import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type BetterSqlite3 from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { openJobQueue } from "../src/index.ts";
import { enqueueIn } from "../src/transaction.ts";
import { codeOf } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;
const MODULE = join(import.meta.dirname, "../src/transaction.ts");

/** A queue on the file of an application that keeps its orders there. */
async function openShop() {
  const folder = mkdtempSync(join(tmpdir(), "shop-"));
  const queue = await openJobQueue({ path: join(folder, "shop.db") });
  const db = new Sqlite(join(folder, "shop.db"), { timeout: 5_000 });
  onTestFinished(async () => {
    db.close();
    await queue.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  db.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)");
  return { queue, db, path: join(folder, "shop.db") };
}
const orders = (db: BetterSqlite3.Database) => db.prepare("SELECT count(*) FROM orders").pluck().get();

test("a job enqueued in the application's transaction is there with its commit, and runs", async () => {
  const { queue, db } = await openShop();
  queue.registerHandler("shop:ship", { process: async (order: { id: number }) => ({ shipped: order.id }) });
  await queue.start();
  const place = db.transaction((name: string) => {
    const { lastInsertRowid } = db.prepare("INSERT INTO orders (name) VALUES (?)").run(name);
    return enqueueIn(db, [{ type: "shop:ship", data: { id: Number(lastInsertRowid) }, label: name }]);
  });
  const [made] = place.immediate("ana");
  // Woken by the commit of another connection, as another process would be.
  expect(await queue.wait(made?.jobId ?? "")).toMatchObject({
    state: "completed",
    result: { shipped: 1 },
    label: "ana",
  });
});

test("a job of a transaction that is rolled back was never there, and its number is used by the next", async () => {
  const { queue, db } = await openShop();
  const before = await queue.enqueue("shop:ship", 0);
  const cursor = await queue.events.cursor();
  const fail = db.transaction(() => {
    db.prepare("INSERT INTO orders (name) VALUES ('x')").run();
    enqueueIn(db, [
      { type: "shop:new-type", data: 1 },
      { type: "shop:ship", data: 2 },
    ]);
    throw new Error("out of stock");
  });
  expect(() => fail.immediate()).toThrow("out of stock");
  expect(orders(db)).toBe(0);
  expect((await queue.service.list()).items.map((job) => job.number)).toEqual([before.number]);
  const [made] = enqueueIn(db, [{ type: "shop:new-type", data: 3 }]);
  expect(made?.number).toBe(before.number + 1);
  expect(await queue.service.getStatus(made?.jobId ?? "")).toMatchObject({
    type: "shop:new-type",
    data: 3,
    state: "pending",
  });
  const { events } = await queue.events.read({ after: cursor });
  expect(events).toMatchObject([{ change: "enqueued", job: { number: made?.number } }]);
});

test("a refused job leaves the application's transaction open and nothing of the call behind", async () => {
  const { queue, db } = await openShop();
  const place = db.transaction(() => {
    db.prepare("INSERT INTO orders (name) VALUES ('kept')").run();
    expect(() => enqueueIn(db, [{ type: "shop:ship" }, { type: "shop:bill", after: 999 }])).toThrow("999");
  });
  place.immediate();
  expect(orders(db)).toBe(1);
  expect((await queue.service.list()).items).toEqual([]);
  expect(() => enqueueIn(db, [{ type: "not a type" }])).toThrow("is not a job type");
  expect(() => enqueueIn(db, [{ type: "shop:ship", data: "x".repeat(50) }], { maxBytes: 20 })).toThrow("at most 20");
  for (const maxBytes of [0, -1, Number.NaN, "20"])
    expect(() => enqueueIn(db, [], { maxBytes: maxBytes as number })).toThrow("maxBytes must be");
});

test("keys, dependencies and idempotency keys mean what they mean in the queue", async () => {
  const { queue, db } = await openShop();
  const first = await queue.enqueue("shop:ship", 1, { key: "order-1" });
  expect(enqueueIn(db, [{ type: "shop:ship", data: 2, key: "order-1" }])).toEqual([{ ...first, duplicate: true }]);
  const [bill] = enqueueIn(db, [{ type: "shop:bill", data: 1, after: first.jobId, idempotencyKey: "bill-1" }]);
  expect(await queue.service.getStatus(bill?.jobId ?? "")).toMatchObject({
    state: "blocked",
    waitsFor: [first.number],
  });
  expect(await queue.enqueue("shop:bill", 1, { idempotencyKey: "bill-1" })).toEqual({ ...bill, duplicate: true });
  expect(await codeOf(queue.enqueue("shop:bill", 2, { idempotencyKey: "bill-1" }))).toBe("IDEMPOTENCY_MISMATCH");
});

test("numbers and events of an application in another process and of the queue follow one sequence", async () => {
  const { queue, db, path } = await openShop();
  const script = `
    import { createRequire } from "node:module";
    import { enqueueIn } from ${JSON.stringify(MODULE)};
    const Sqlite = createRequire(${JSON.stringify(MODULE)})("better-sqlite3");
    const db = new Sqlite(${JSON.stringify(path)}, { timeout: 5000 });
    const place = db.transaction((n) => {
      db.prepare("INSERT INTO orders (name) VALUES (?)").run(String(n));
      enqueueIn(db, [{ type: "shop:ship", data: { n } }]);
      if (n % 3 === 0) throw new Error("rolled back");
    });
    for (let n = 1; n <= 300; n++) try { place.immediate(n); } catch (error) { if (error.message !== "rolled back") throw error; }
  `;
  const cursor = await queue.events.cursor();
  const application = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const own = Array.from({ length: 200 }, (_, n) => queue.enqueue("shop:own", n));
  await Promise.all([application, ...own]);
  expect(orders(db)).toBe(200);
  const { items } = await queue.service.list({ limit: 1_000 });
  expect(
    items
      .filter((job) => job.type === "shop:ship")
      .map((job) => (job.data as { n: number }).n)
      .every((n) => n % 3 !== 0),
  ).toBe(true);
  expect(items.map((job) => job.number).sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
  const { events } = await queue.events.read({ after: cursor, limit: 1_000 });
  expect(events.map((event) => (event.kind === "job" ? event.job.number : 0))).toEqual(
    Array.from({ length: 400 }, (_, i) => i + 1),
  );
});

test("a file that no queue has used, and a store that another version has upgraded, are refused", async () => {
  const empty = new Sqlite(":memory:");
  onTestFinished(() => void empty.close());
  expect(() => enqueueIn(empty, [{ type: "shop:ship" }])).toThrow("not the file of a queue yet");
  const { db } = await openShop();
  enqueueIn(db, [{ type: "shop:ship" }]);
  db.exec("UPDATE bq_meta SET value = 99 WHERE key = 'schema'");
  expect(() => enqueueIn(db, [{ type: "shop:ship" }])).toThrow("schema 99");
});
