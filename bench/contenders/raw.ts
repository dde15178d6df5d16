import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Contender, type Session, inCalls, timed } from "../contender.ts";
import { type Payload, RESULT, TYPE, payload } from "../payload.ts";
import { type Database, migrate, openStoreFile } from "../../shared/job-queue/src/sqlite.ts";

/** Jobs that one transaction of the baseline settles and claims. */
const BATCH = 100;
const MAX_ATTEMPTS = 3;

/**
 * The same rows in the same tables by hand, with better-sqlite3 alone: what a careful person writes who needs nothing but these rows.
 * A test compares what this leaves in the store with what the queue leaves.
 */
export function openRaw(path: string, durability: "process" | "power"): Raw {
  const db = openStoreFile(path, durability);
  migrate(db);
  return new Raw(db);
}

class Raw {
  readonly #db: Database;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #worker: number;
  #pool = Buffer.alloc(0);
  #poolAt = 0;

  constructor(db: Database) {
    this.#db = db;
    db.prepare("INSERT OR IGNORE INTO bq_lane (id, type) VALUES (1, ?)").run(TYPE);
    db.prepare("INSERT OR IGNORE INTO bq_meta VALUES ('number', 0), ('seq', 0)").run();
    this.#statements = prepare(db);
    this.#worker = this.#take("seq", 1);
    const now = Date.now();
    db.prepare(
      "INSERT INTO bq_worker (id, pid, state, concurrency, started_at, seen_at) VALUES (?, ?, 'running', ?, ?, ?)",
    ).run(this.#worker, process.pid, BATCH, now, now);
  }

  enqueue(data: readonly unknown[]): string[] {
    const { begin, commit, insertJob, insertBody, insertEvent } = this.#statements;
    begin.run();
    const now = Date.now();
    let id = this.#take("number", data.length) - data.length;
    let seq = this.#take("seq", data.length) - data.length;
    const ids = data.map((each) => {
      id += 1;
      seq += 1;
      const secret = this.#secret();
      insertJob.run(id, now, now, MAX_ATTEMPTS);
      insertBody.run(id, secret, JSON.stringify(each), now);
      insertEvent.run(seq, now, "enqueued", id, 0);
      return `${id}-${secret}`;
    });
    commit.run();
    return ids;
  }

  /** Claims and completes until nothing is left: one transaction settles what was run and claims the next. */
  process(handler: (data: unknown) => unknown): number {
    const { begin, commit, claim, load, complete, insertResult, insertEvent, sign } = this.#statements;
    let done: { id: number; fence: number; result: string }[] = [];
    let count = 0;
    for (;;) {
      begin.run();
      const now = Date.now();
      const claimed = claim.all(this.#worker, now) as { id: number; fence: number }[];
      let seq = this.#take("seq", done.length + claimed.length) - done.length - claimed.length;
      for (const { id, fence, result } of done) {
        complete.run(now, id, fence);
        insertResult.run(id, result);
        insertEvent.run(++seq, now, "ended", id, 5);
      }
      const bodies: string[] = [];
      for (const { id } of claimed) {
        bodies.push(load.get(id) as string);
        insertEvent.run(++seq, now, "started", id, 1);
      }
      if (claimed.length > 0) sign.run(now, this.#worker);
      commit.run();
      count += done.length;
      if (claimed.length === 0) return count;
      done = claimed.map(({ id, fence }, i) => ({
        id,
        fence,
        result: JSON.stringify(handler(JSON.parse(bodies[i] as string))),
      }));
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Raises a counter and returns it. */
  #take(counter: "number" | "seq", by: number): number {
    return this.#statements.take.get(by, counter) as number;
  }

  #secret(): string {
    if (this.#poolAt === this.#pool.length) {
      this.#pool = randomBytes(16 * 256);
      this.#poolAt = 0;
    }
    return this.#pool.toString("hex", this.#poolAt, (this.#poolAt += 16)).slice(0, 26);
  }
}

function prepare(db: Database) {
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    take: db.prepare("UPDATE bq_meta SET value = value + ? WHERE key = ? RETURNING value").pluck(),
    insertJob: db.prepare(
      "INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, flags) VALUES (?, 1, 0, ?, ?, ?, 0)",
    ),
    insertBody: db.prepare("INSERT INTO bq_body (id, secret, data, priority, created_at) VALUES (?, ?, ?, 0, ?)"),
    insertEvent: db.prepare(
      "INSERT INTO bq_event (seq, at, kind, change, id, run, state) VALUES (?, ?, 0, ?, ?, 1, ?)",
    ),
    claim: db.prepare(
      `UPDATE bq_job SET state = 1, worker = ?, fence = fence + 1, attempt = attempt + 1, started_at = coalesce(started_at, ?)
       WHERE id IN (SELECT id FROM bq_job WHERE state = 0 AND lane = 1 ORDER BY sort, id LIMIT ${BATCH}) RETURNING id, fence`,
    ),
    load: db.prepare("SELECT data FROM bq_body WHERE id = ?").pluck(),
    complete: db.prepare(
      "UPDATE bq_job SET state = 5, ended_at = ?, worker = NULL WHERE id = ? AND fence = ? AND state = 1",
    ),
    insertResult: db.prepare("INSERT INTO bq_result (id, result) VALUES (?, ?)"),
    sign: db.prepare("UPDATE bq_worker SET seen_at = ? WHERE id = ?"),
  };
}

export const raw: Contender = {
  name: "raw",
  label: "raw better-sqlite3",
  settings: `the same rows by hand: the queue's own tables and indexes, prepared statements, one transaction per call; settles and claims ${BATCH} jobs per transaction`,
  needs: "nothing",
  async open({ folder }, durability): Promise<Session> {
    const store = openRaw(join(folder, "raw.db"), durability);
    let n = 0;
    const next = (count: number): Payload[] => Array.from({ length: count }, () => payload(n++));
    return {
      enqueueOne: (count) =>
        timed(() => {
          for (let i = 0; i < count; i++) store.enqueue([payload(n++)]);
        }),
      enqueueMany: (count, per) => timed(() => inCalls(count, per, (_, size) => store.enqueue(next(size)))),
      async process(count) {
        await inCalls(count, 1_000, (_, size) => store.enqueue(next(size)));
        return timed(() => {
          const done = store.process(() => RESULT);
          if (done !== count) throw new Error(`${done} of ${count} jobs were completed.`);
        });
      },
      close: async () => store.close(),
    };
  },
};
