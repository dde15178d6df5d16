import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { expect, test } from "vitest";
import { systemPorts } from "../src/system-ports.ts";
import { migrate } from "../src/sqlite.ts";
import { createTestStore } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

/** Every statement that the store prepares, and those that its lists make for these filters. */
function statements(): { db: BetterSqlite3.Database; all: Set<string>; again: string[] } {
  const db = new Sqlite(":memory:");
  migrate(db);
  const all = new Set<string>();
  const made: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (sql: string) => {
    made.push(sql);
    // Of merged sources each one by itself: the merge sorts a few pages, a source must not sort or walk.
    const sources = [...sql.matchAll(/SELECT id FROM \((SELECT .+? LIMIT \+\?)\)/g)].map((match) => match[1] as string);
    for (const each of sources.length > 0 ? sources : [sql]) all.add(each);
    return prepare(sql);
  };
  const store = createTestStore(db, systemPorts.random);
  db.exec("INSERT INTO bq_lane (type) VALUES ('a:x'), ('a:y')");
  const { jobs, count, batches, requests, workers } = store.queries;
  const filters = [
    {},
    { active: true },
    { active: false },
    { states: ["pending"] as const },
    { states: ["completed"] as const },
    { states: ["failed", "cancelled"] as const },
    { states: ["waiting_approval"] as const, types: ["a:x"] },
    { types: ["a:x"] },
    { plugin: "a" },
    { reason: "error", states: ["failed"] as const },
    { batch: 7 },
    { batch: 7, states: ["failed"] as const },
    { batch: null, active: true },
    { principal: "ana" },
    { principal: "ana", active: true },
    { conversation: "room" },
    { conversation: "room", principal: "ana", types: ["a:x"] },
    { since: 5 },
    { endedSince: 5 },
    { endedSince: 5, batch: null },
    { before: 100, active: true },
    { ids: [1, 2] },
  ];
  const batchFilters = [
    { active: true },
    { active: false, endedSince: 5 },
    { status: "pending" },
    { status: "processing" },
    { status: "failed" },
    { status: "cancelled" },
    { plugin: "a" },
    { principal: "ana" },
    { conversation: "room" },
    { endedSince: 5 },
    { before: 100, active: false },
    { ids: [1] },
  ] as const;
  const ask = (limit: number) => {
    for (const filter of filters) {
      for (const brief of [false, true]) jobs({ ...filter, limit, brief });
      count(filter, limit);
    }
    for (const filter of batchFilters) batches({ ...filter, limit });
    for (const filter of [{ open: true }, { open: false }, { job: 1 }, { job: 1, open: true }, { ids: [1] }])
      requests({ ...filter, limit });
    workers();
  };
  ask(50);
  const before = made.length;
  ask(10_000);
  return { db, all, again: made.slice(before) };
}

/** Lines of SQLite's plan that walk a whole table, or sort what an index could have ordered. */
function walks(db: BetterSqlite3.Database, sql: string): string[] {
  const names = [...sql.matchAll(/@(\w+)/g)].map((match) => [match[1] as string, 1]);
  const values = names.length > 0 ? [Object.fromEntries(names)] : (sql.match(/\?/g) ?? []).map(() => 1);
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
  return plan
    .map((row) => row.detail)
    .filter(
      (detail) =>
        /^SCAN \S+$|USE TEMP B-TREE FOR ORDER BY/.test(detail) && !/^SCAN (\d+-ROW|CONSTANT|\(|r$|reach$)/.test(detail),
    );
}

/** Walks that are meant: each is bounded by a LIMIT in the order of the table, or its table is small. */
const MEANT = [
  // The newest page of everything, and the walk of pruning: in the order of numbers, with a limit.
  /^SELECT j\.id AS id FROM bq_job j WHERE 1( AND \+j\.state IN \(5(, 6, 7)?\))? ORDER BY j\.id DESC LIMIT \+\?$/,
  /^SELECT seq, at FROM bq_event ORDER BY seq LIMIT/,
  // At most some thousands that ended lately, found by the index of their end, then sorted.
  /WHERE j\.state >= 5 AND j\.ended_at >= \+\? .*ORDER BY \+j\.id DESC LIMIT \+\?$/,
  /"ended_at" >= \+\?.* order by \+"bq_batch"\."id" DESC/,
  // Answered requests: in the order of numbers, with a limit, and nearly all of them are.
  /where "bq_request"\."state" <> 0 order by "bq_request"\."id" asc limit \+\?$/,
  // The requests, the steps of one job.
  /where .*"bq_request"\."job" = \+\?/,
  /FROM bq_step WHERE job = \+\? ORDER BY at, name/,
  // Types and workers: some dozens of rows.
  /FROM bq_lane$/,
  /bq_worker/,
  // What is paused: some names. Suspects: the jobs of workers that crashed, looked at only while there are any.
  /FROM bq_pause/,
  /(FROM|DELETE FROM) bq_suspect/,
  // What is left of long changes: a few rows, of those that are under way.
  /bq_chore/,
  // Members of large batches on their way in: looked through once a minute, and nearly always there are none.
  /^DELETE FROM bq_stage WHERE \(batch, n\) IN/,
];

test("what lists and single views select is prepared once for all queries with the same conditions", () => {
  expect(statements().again).toEqual([]);
});

test("no statement that sorts or joins is planned anew at each run, because it compares with a bare parameter", () => {
  const conditions = [...statements().all].flatMap((sql) => {
    const where = sql.search(/\bWHERE\b/i);
    return where >= 0 && /ORDER BY|JOIN|\b(min|max)\(/i.test(sql) ? [sql.slice(where)] : [];
  });
  expect(conditions.length).toBeGreaterThan(50);
  expect(conditions.filter((sql) => /[=<>] *[?@]|LIMIT [?@]/i.test(sql))).toEqual([]);
});

test("no statement of the queue walks a whole table of jobs, bodies, events, logs, steps or batches", () => {
  const { db, all } = statements();
  expect(all.size).toBeGreaterThan(100);
  const found: string[] = [];
  for (const sql of all) {
    if (!/^\s*(SELECT|UPDATE|DELETE|INSERT|WITH)/i.test(sql) || MEANT.some((meant) => meant.test(sql))) continue;
    for (const detail of walks(db, sql)) found.push(`${detail} <- ${sql.replaceAll(/\s+/g, " ").slice(0, 300)}`);
  }
  expect(found).toEqual([]);
});
