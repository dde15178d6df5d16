import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { violations } from "../test/invariants.ts";
import { type Facts, type JournalEvent, type Model, wordOf } from "./state.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

const READY = 0;

interface JobRow {
  readonly run: number;
  readonly fence: number;
  readonly runAt: number;
  readonly most: number;
  readonly batch: number | null;
  readonly key: string | null;
  readonly planner: number;
}

/** Connections of its own to the store: one that only reads, and one that tries whether the write lock is free. */
export class Observer {
  readonly #db: BetterSqlite3.Database;
  readonly #probe: BetterSqlite3.Database;
  readonly #version;
  readonly #events;
  readonly #rows;
  readonly #job;
  readonly #batch;
  readonly #deps;
  readonly #reason;
  readonly #counts;
  readonly #label;
  #seen = -1;

  constructor(path: string) {
    this.#db = new Sqlite(path);
    this.#probe = new Sqlite(path, { timeout: 0 });
    const prepare = (sql: string) => this.#db.prepare(sql);
    this.#version = prepare("PRAGMA data_version").pluck();
    this.#events = prepare("SELECT seq, at, kind, change, id, run, state FROM bq_event WHERE seq > ? ORDER BY seq");
    this.#rows = prepare(
      `SELECT j.id, j.state, j.run, j.attempt, j.fence, r.result FROM bq_job j LEFT JOIN bq_result r ON r.id = j.id`,
    );
    this.#job = prepare(
      "SELECT run, fence, run_at AS runAt, max_attempts AS most, batch, dkey AS key, flags & 1 AS planner FROM bq_job WHERE id = ?",
    );
    this.#batch = prepare("SELECT open, policy FROM bq_batch WHERE id = ?");
    this.#deps = prepare('SELECT on_id AS "on", mode FROM bq_dep WHERE job = ?');
    this.#reason = prepare(
      "SELECT reason FROM bq_job WHERE id = @id AND run = @run AND state >= 5 UNION ALL SELECT reason FROM bq_run WHERE job = @id AND run = @run",
    );
    this.#counts = prepare(
      `SELECT (SELECT count(*) FROM bq_event) AS events, (SELECT value FROM bq_meta WHERE key = 'seq') AS seq,
         (SELECT value FROM bq_meta WHERE key = 'pruned') AS pruned`,
    );
    this.#label = prepare("SELECT count(*) FROM bq_body WHERE label = ?").pluck();
  }

  close(): void {
    this.#db.close();
    this.#probe.close();
  }

  /** Somebody has committed since the last time. */
  get changed(): boolean {
    const version = this.#version.get() as number;
    if (version === this.#seen) return false;
    this.#seen = version;
    return true;
  }

  /** The last number of the journal. */
  get seq(): number {
    return (this.#counts.get() as { seq: number | null }).seq ?? 0;
  }

  /** Whether another process could write now. */
  get lockIsFree(): boolean {
    try {
      this.#probe.exec("BEGIN IMMEDIATE");
      this.#probe.exec("ROLLBACK");
      return true;
    } catch {
      return false;
    }
  }

  ids(table: "bq_job" | "bq_batch", where = "1"): number[] {
    return this.#db.prepare(`SELECT id FROM ${table} WHERE ${where} ORDER BY id`).pluck().all() as number[];
  }

  openRequests(): number[] {
    return this.#db.prepare("SELECT id FROM bq_request WHERE state = 0 ORDER BY id").pluck().all() as number[];
  }

  active(): string[] {
    const sql = `SELECT 'job #' || id || ' is in state ' || state FROM bq_job WHERE state < 5
      UNION ALL SELECT 'batch #' || id || ' is active' FROM bq_batch WHERE state < 5`;
    return this.#db.prepare(sql).pluck().all() as string[];
  }

  /** Locks of workers that the store takes for living. */
  workers(): { id: number; start: string }[] {
    const sql = "SELECT id, process_start AS start FROM bq_worker WHERE ended_at IS NULL";
    return this.#db.prepare(sql).all() as { id: number; start: string }[];
  }

  journal(after: number): JournalEvent[] {
    return this.#events.all(after) as JournalEvent[];
  }

  fence(job: number): number {
    return (this.#job.get(job) as JobRow).fence;
  }

  withLabel(label: string): number {
    return this.#label.get(label) as number;
  }

  facts(by: number, outcome: Facts["outcome"], gone: Facts["gone"]): Facts {
    return {
      by,
      outcome,
      gone,
      job: (id) => {
        const row = this.#job.get(id) as JobRow | undefined;
        return row && { ...row, planner: row.planner === 1 };
      },
      batch: (id) => {
        const row = this.#batch.get(id) as { open: number; policy: string } | undefined;
        return row && { open: row.open === 1, stops: row.policy === "stop" };
      },
      deps: (job) =>
        (this.#deps.all(job) as { on: number; mode: number }[]).map(({ on, mode }) => ({
          on,
          needs: mode === 0 ? "success" : "end",
        })),
      reason: (id, run) => (this.#reason.get({ id, run }) as { reason: string | null } | undefined)?.reason,
    };
  }

  /** Where the store differs from the model, and rows that must not exist. Jobs that were removed leave the model. */
  differences(model: Model, now: number): string[] {
    const found = violations(this.#db);
    const { events, seq, pruned } = this.#counts.get() as { events: number; seq: number | null; pruned: number | null };
    if ((seq ?? 0) < model.seq) found.push(`the journal was at ${model.seq} and is at ${seq}`);
    if (pruned === null && events !== model.events)
      found.push(`the journal had ${model.events} events and has ${events}`);
    const left = new Set(model.jobs.keys());
    for (const row of this.#rows.all() as {
      id: number;
      state: number;
      run: number;
      attempt: number;
      fence: number;
      result: string | null;
    }[]) {
      left.delete(row.id);
      const job = model.jobs.get(row.id);
      if (!job) {
        found.push(`#${row.id} is in the store, and the journal does not know it`);
        continue;
      }
      const word = wordOf(row.state);
      const state = job.state === "ended" ? job.end : job.state;
      if (row.state === READY && job.notBefore > 0) {
        if (job.notBefore > now) found.push(`#${row.id} is ready ${job.notBefore - now} ms early`);
        job.notBefore = 0;
      }
      if (word !== state) found.push(`#${row.id} is ${word}, and should be ${state}`);
      if (row.run !== job.run) found.push(`#${row.id} is in run ${row.run}, and should be in ${job.run}`);
      if (row.attempt !== job.tries)
        found.push(`#${row.id} counts ${row.attempt} tries, and should count ${job.tries}`);
      if (job.state === "processing" && row.fence !== job.token)
        found.push(`#${row.id} has another fence than its attempt`);
      if ((row.result !== null) !== (word === "completed"))
        found.push(`#${row.id} is ${word}, and its result is ${row.result}`);
      else if (row.result !== null) {
        const { token } = JSON.parse(row.result) as { token: number };
        if (token !== job.token)
          found.push(`#${row.id} has the result of attempt ${token}, and its last one was ${job.token}`);
      }
    }
    for (const id of left) {
      const job = model.jobs.get(id);
      if (job?.state !== "ended") found.push(`#${id} is ${job?.state}, and is gone`);
      model.jobs.delete(id);
    }
    for (const id of model.batches.keys()) {
      if (this.#batch.get(id) !== undefined) continue;
      if (!model.batches.get(id)?.ended) found.push(`batch #${id} is active, and is gone`);
      model.batches.delete(id);
    }
    return found;
  }
}
