import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { openStoreFile, migrate } from "../shared/job-queue/src/sqlite.ts";
import { payload } from "./payload.ts";

/** Types that the jobs of a built store are spread over. */
export const TYPES = 10;
export const typeName = (at: number): string => `bench:type-${at}`;

const DAY_MS = 86_400_000;
const SLICE = 100_000;

/**
 * Builds a store as if `finished` jobs had ended over twenty days (90 % completed, 8 % failed, 2 % cancelled, each with body, result and journal)
 * and `pending` waited: by SQL, because to run five million jobs for it would take minutes.
 */
export function buildHistory(path: string, finished: number, pending: number): void {
  const db = openStoreFile(path, "process");
  migrate(db);
  // Nobody reads it until it is whole.
  db.pragma("journal_mode = OFF");
  db.pragma("synchronous = OFF");
  const now = Date.now();
  const secret = "substr(hex(randomblob(13)), 1, 26)";
  const data = JSON.stringify(payload(0));
  const numbers = "WITH RECURSIVE n(id) AS (SELECT @from UNION ALL SELECT id + 1 FROM n WHERE id < @to)";
  const started = "(@now - @span + id * @step)";
  const addLane = db.prepare("INSERT INTO bq_lane (id, type) VALUES (?, ?)");
  for (let at = 1; at <= TYPES; at++) addLane.run(at, typeName(at));
  const ended = [
    `INSERT INTO bq_job (id, lane, state, sort, run_at, attempt, max_attempts, fence, reason, started_at, ended_at)
     ${numbers} SELECT id, 1 + id % ${TYPES}, CASE WHEN id % 50 = 0 THEN 7 WHEN id % 50 < 5 THEN 6 ELSE 5 END, ${started}, ${started}, 1, 3, 1,
       CASE WHEN id % 50 = 0 THEN 'user' WHEN id % 50 < 5 THEN 'error' END, ${started}, ${started} + 250 FROM n`,
    `INSERT INTO bq_body (id, secret, data, priority, created_at) ${numbers} SELECT id, lower(${secret}), @data, 0, ${started} FROM n`,
    `INSERT INTO bq_result (id, result, error) ${numbers} SELECT id, CASE WHEN id % 50 >= 5 THEN '{"ok":true}' END,
       CASE WHEN id % 50 BETWEEN 1 AND 4 THEN '{"message":"It did not work."}' END FROM n WHERE id % 50 <> 0`,
    ...(["enqueued", "started", "ended"] as const).map(
      (change, at) => `INSERT INTO bq_event (seq, at, kind, change, id, run, state)
     ${numbers} SELECT ${at} * @total + id, ${started}, 0, '${change}', id, 1, ${[0, 1, 5][at]} FROM n`,
    ),
  ].map((sql) => db.prepare(sql));
  const waiting = [
    `INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts) ${numbers} SELECT id, 1 + id % ${TYPES}, 0, @now, @now, 3 FROM n`,
    `INSERT INTO bq_body (id, secret, data, priority, created_at) ${numbers} SELECT id, lower(${secret}), @data, 0, @now FROM n`,
  ].map((sql) => db.prepare(sql));
  const span = 20 * DAY_MS;
  const common = { now, span, step: Math.floor(span / Math.max(1, finished)), total: finished, data };
  const inSlices = (statements: typeof ended, first: number, last: number): void => {
    for (const statement of statements) {
      for (let from = first; from <= last; from += SLICE) {
        statement.run({ ...common, from, to: Math.min(last, from + SLICE - 1) });
      }
    }
  };
  inSlices(ended, 1, finished);
  inSlices(waiting, finished + 1, finished + pending);
  const counter = db.prepare("INSERT OR REPLACE INTO bq_meta VALUES (?, ?)");
  counter.run("number", finished + pending);
  counter.run("seq", finished * 3);
  db.close();
}

/** The same in a process of its own, for when the memory of this one is measured. */
export async function buildApart(path: string, finished: number, pending: number): Promise<void> {
  await promisify(execFile)(process.execPath, [import.meta.filename, path, String(finished), String(pending)]);
}

if (process.argv[1] === import.meta.filename) {
  const [path, finished, pending] = process.argv.slice(2) as [string, string, string];
  buildHistory(path, Number(finished), Number(pending));
}
