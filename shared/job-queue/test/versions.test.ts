import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isCodedError } from "../src/errors.ts";
import { MAINTENANCE_MS } from "../src/limits.ts";
import { MIGRATIONS } from "../src/migrations.ts";
import { migrate } from "../src/sqlite.ts";
import { openTestQueue, turns } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

/** What a newer version does when it opens the store. */
function upgrade(path: string): void {
  const db = new Sqlite(path);
  migrate(db, [...MIGRATIONS, "CREATE TABLE bq_future (id INTEGER PRIMARY KEY) STRICT"]);
  db.close();
}

test("a process that an upgrade overtakes writes nothing more, says so, and lets its jobs go", async () => {
  const queue = await openQueue();
  const causes: unknown[] = [];
  const started = gate();
  queue.registerHandler("t:long", {
    process: (_data, _id, job) =>
      new Promise((_resolve, reject) => {
        job.signal.addEventListener("abort", () => {
          causes.push((job.signal.reason as { cause?: unknown })?.cause ?? job.signal.reason);
          reject(new Error("aborted"));
        });
        started.open();
      }),
  });
  await queue.start();
  const drained = new Promise<void>((resolve) => {
    queue.worker.onDrain = resolve;
  });
  const { jobId } = await queue.enqueue("t:long");
  await started.opened;
  const waiting = codeOf(queue.wait(jobId));
  upgrade(queue.path);
  await drained;
  expect(await waiting).toBe("SCHEMA_CHANGED");
  expect(causes).toHaveLength(1);
  expect(await codeOf(queue.enqueue("t:long"))).toBe("SCHEMA_CHANGED");
  expect(await codeOf(queue.service.list())).toBe("SCHEMA_CHANGED");
  expect(queue.internalErrors.some(({ error }) => isCodedError(error) && error.code === "SCHEMA_CHANGED")).toBe(true);
  expect(queue.worker.state).toBe("idle");
  const db = new Sqlite(queue.path);
  expect(db.prepare("SELECT count(*), max(state) FROM bq_job").raw().get()).toEqual([1, 1]);
  db.close();
  await queue.stop();
});

test("what an old process submits before it has noticed is refused by its own transaction", async () => {
  const queue = await openQueue();
  await queue.enqueue("t:a");
  upgrade(queue.path);
  // Submitted in the same turn: no doorbell can have rung.
  expect(await codeOf(queue.enqueue("t:b"))).toBe("SCHEMA_CHANGED");
  const db = new Sqlite(queue.path);
  expect(db.prepare("SELECT count(*) FROM bq_job").pluck().get()).toBe(1);
  db.close();
});

test("a store of the first version is upgraded with work of every state in it, and nothing is lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "old-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "queue.db");
  const db = new Sqlite(path);
  db.pragma("journal_mode = WAL");
  migrate(db, MIGRATIONS.slice(0, 1));
  const now = Date.UTC(2026, 0, 1);
  db.exec(`
    INSERT INTO bq_meta VALUES ('number', 8), ('seq', 20);
    INSERT INTO bq_lane VALUES (1, 't:work'), (2, 't:ask');
    INSERT INTO bq_worker (id, pid, state, lock, concurrency, started_at, seen_at) VALUES (19, 1, 'running', 'worker-gone', 10, ${now}, ${now});
    INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts) VALUES
      (1, 1, 0, ${now}, ${now}, 3), (2, 1, 2, ${now + 3_600_000}, ${now + 3_600_000}, 3), (3, 1, 4, ${now}, ${now}, 3),
      (7, 1, 0, ${now}, ${now}, 3);
    INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, attempt, fence, started_at) VALUES (4, 2, 4, ${now}, ${now}, 3, 0, 1, ${now});
    UPDATE bq_job SET state = 0 WHERE id = 4;
    UPDATE bq_job SET state = 1, worker = 19 WHERE id = 4;
    UPDATE bq_job SET state = 3, worker = NULL WHERE id = 4;
    INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, attempt, fence, started_at, worker) VALUES (5, 1, 1, ${now}, ${now}, 3, 1, 1, ${now}, 19);
    INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, attempt, started_at, ended_at) VALUES (6, 1, 5, ${now}, ${now}, 3, 1, ${now}, ${now});
    INSERT INTO bq_dep (job, on_id, mode, done) VALUES (3, 1, 0, 0);
    INSERT INTO bq_request (id, secret, job, run, name, question, choices, on_reject, state, created_at)
      VALUES (8, '${"r".repeat(26)}', 4, 1, 'request:0', 'Go on?', '["approve","reject"]', 'fail', 0, ${now});
  `);
  for (const id of [1, 2, 3, 4, 5, 6, 7])
    db.prepare("INSERT INTO bq_body (id, secret, data, priority, created_at) VALUES (?, ?, ?, 0, ?)").run(
      id,
      "s".repeat(26),
      `{"n":${id}}`,
      now,
    );
  db.prepare("INSERT INTO bq_result (id, result) VALUES (6, '\"old\"')").run();
  db.close();

  const queue = await openTestQueue({ path });
  onTestFinished(() => queue.dispose());
  const ran: number[] = [];
  queue.registerHandler("t:work", { process: async ({ n }: { n: number }) => void ran.push(n) });
  queue.registerHandler("t:ask", { process: async () => "asked" });
  const states = async () =>
    Object.fromEntries((await queue.service.list()).items.map((job) => [job.number, job.state]));
  expect(await states()).toEqual({
    1: "pending",
    2: "pending",
    3: "blocked",
    4: "waiting_approval",
    5: "processing",
    6: "completed",
    7: "pending",
  });
  await queue.start();
  await turns(40);
  await queue.clock.advance(10_000);
  await turns(40);
  expect(await states()).toMatchObject({
    1: "completed",
    2: "pending",
    3: "completed",
    4: "waiting_approval",
    5: "completed",
    6: "completed",
    7: "completed",
  });
  await queue.clock.advance(3_600_000);
  expect(ran.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 5, 7]);
  expect(await queue.service.getStatus(6)).toMatchObject({ result: "old", data: { n: 6 } });
  await queue.requests.decide(8, { choice: "approve" });
  await turns(40);
  expect(await states()).toMatchObject({ 4: "completed" });
});

test("a worker whose store was removed says so and ends, instead of working for nobody", async () => {
  const queue = await openQueue();
  await queue.start();
  const drained = new Promise<void>((resolve) => {
    queue.worker.onDrain = resolve;
  });
  for (const file of [queue.path, `${queue.path}-wal`, `${queue.path}-shm`]) rmSync(file);
  await queue.clock.advance(MAINTENANCE_MS);
  await drained;
  expect(queue.worker.state).toBe("idle");
  expect(await codeOf(queue.enqueue("t:a"))).toBe("STORE_UNREADABLE");
});
