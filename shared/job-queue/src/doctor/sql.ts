// What the doctor asks of a store, and how rows are carried out of a damaged one. Every statement reads, but those of `Rescue`.
import { checksumOf } from "../checksum.ts";
import type { Database } from "../sqlite.ts";

/** Holds the store as it is now for this connection, until it is closed. */
export function pinSnapshot(db: Database): void {
  db.exec("BEGIN");
  db.prepare("SELECT count(*) FROM sqlite_schema").get();
}

/** What SQLite finds wrong with the structure of the file and its indexes; empty if nothing. */
export function integrityOf(db: Database, most: number): string[] {
  const said = db.pragma(`integrity_check(${most})`) as { integrity_check: string }[];
  return said.map((row) => row.integrity_check).filter((line) => line !== "ok");
}

export function foreignKeyProblems(db: Database): number {
  return (db.pragma("foreign_key_check") as unknown[]).length;
}

export function versionOf(db: Database): string {
  return db.prepare("SELECT sqlite_version()").pluck().get() as string;
}

/** The schema's number; undefined where no queue has used the file. */
export function schemaNumber(db: Database): number | undefined {
  const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bq_meta'").get();
  if (there === undefined) return undefined;
  return db.prepare("SELECT value FROM bq_meta WHERE key = 'schema'").pluck().get() as number | undefined;
}

/** Parts of one thing that are not all there, by what is missing; each is a sentence with a count. */
export function brokenTies(db: Database): string[] {
  const count = (sql: string): number => db.prepare(`SELECT count(*) FROM ${sql}`).pluck().get() as number;
  const found: [number, string][] = [
    [count("bq_job j WHERE NOT EXISTS (SELECT 1 FROM bq_body b WHERE b.id = j.id)"), "jobs without their input"],
    [count("bq_body b WHERE NOT EXISTS (SELECT 1 FROM bq_job j WHERE j.id = b.id)"), "inputs without their job"],
    [
      count("bq_job j WHERE batch IS NOT NULL AND NOT EXISTS (SELECT 1 FROM bq_batch b WHERE b.id = j.batch)"),
      "members of batches that are not there",
    ],
    [
      count(
        `bq_dep d WHERE done = 0 AND NOT EXISTS (SELECT 1 FROM bq_job j WHERE j.id = d.on_id)
         AND NOT EXISTS (SELECT 1 FROM bq_batch b WHERE b.id = d.on_id)`,
      ),
      "waits for work that is not there",
    ],
    [
      count(
        `bq_batch b WHERE state < 5 ${wholeBatch(db)} AND total <> (SELECT count(*) FROM bq_job j WHERE j.batch = b.id)`,
      ),
      "active batches that count other members than they have",
    ],
  ];
  return found.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
}

/** Members of a large batch are counted before they are jobs, in stores whose schema knows that. */
function wholeBatch(db: Database): string {
  return columnsOf(db, "bq_batch").includes("staged") ? "AND staged = 0" : "";
}

export interface Damaged {
  readonly id: number;
  readonly what: "input" | "result";
  /** The job has not ended, so it would use what is damaged. */
  readonly active: boolean;
}

/** Inputs and results that are not what was stored: by checksum, where there is one, and by not being JSON. */
export function damagedPayloads(db: Database, most: number): Damaged[] {
  const found: Damaged[] = [];
  const kinds = [
    ["input", "bq_body", "data"],
    ["result", "bq_result", "result"],
  ] as const;
  for (const [what, table, column] of kinds) {
    if (!columnsOf(db, table).includes("sum")) continue;
    const rows = db.prepare(
      `SELECT t.id, t.${column} AS text, t.sum, coalesce(j.state < 5, 0) AS active FROM ${table} t LEFT JOIN bq_job j ON j.id = t.id
       WHERE t.sum IS NOT NULL OR (t.${column} IS NOT NULL AND NOT json_valid(t.${column}))`,
    );
    for (const row of rows.iterate() as Iterable<{ id: number; text: string; sum: number | null; active: number }>) {
      if (row.sum !== null && checksumOf(row.text) === row.sum) continue;
      found.push({ id: row.id, what, active: what === "input" && row.active === 1 });
      if (found.length >= most) return found;
    }
  }
  return found;
}

export interface WorkerRow {
  readonly id: number;
  readonly pid: number;
  readonly lock: string | null;
  readonly seenAt: number;
  /** Jobs that it has. */
  readonly holding: number;
}

/** Workers that have not ended, by what the store says. */
export function workersOf(db: Database): WorkerRow[] {
  return db
    .prepare(
      `SELECT id, pid, lock, seen_at AS seenAt, (SELECT count(*) FROM bq_job j WHERE j.worker = w.id AND j.state = 1) AS holding
       FROM bq_worker w WHERE ended_at IS NULL`,
    )
    .all() as WorkerRow[];
}

/** Types with waiting jobs, and how many. */
export function waitingTypes(db: Database): { type: string; jobs: number }[] {
  return db
    .prepare(
      `SELECT l.type, count(*) AS jobs FROM bq_job j JOIN bq_lane l ON l.id = j.lane WHERE j.state IN (0, 2) AND j.state < 5
       GROUP BY l.type ORDER BY l.type`,
    )
    .all() as { type: string; jobs: number }[];
}

/** Jobs that could have started before this time. */
export function readySince(db: Database, before: number): number {
  return db
    .prepare("SELECT count(*) FROM (SELECT 1 FROM bq_job WHERE state = 0 AND run_at < ? LIMIT 10000)")
    .pluck()
    .get(before) as number;
}

export function pausedNames(db: Database): string[] {
  return db.prepare("SELECT name FROM bq_pause ORDER BY name").pluck().all() as string[];
}

/** Batches that nothing will end: open ones without a member that could add more, and closed ones all of whose members have ended. */
export function endlessBatches(db: Database): { id: number; open: number }[] {
  return db
    .prepare(
      `SELECT id, open FROM bq_batch b WHERE state < 5 ${wholeBatch(db)}
       AND NOT EXISTS (SELECT 1 FROM bq_job j WHERE j.batch = b.id AND j.state < 5) ORDER BY id LIMIT 100`,
    )
    .all() as { id: number; open: number }[];
}

export function requestsExpiredBefore(db: Database, before: number): number[] {
  return db
    .prepare("SELECT id FROM bq_request WHERE state = 0 AND expires_at IS NOT NULL AND expires_at < ? LIMIT 100")
    .pluck()
    .all(before) as number[];
}

/** The newest time that the store has seen. */
export function newestTime(db: Database): number | null {
  const newest = [
    "SELECT max(at) FROM (SELECT at FROM bq_event ORDER BY seq DESC LIMIT 1000)",
    "SELECT max(seen_at) FROM bq_worker",
    "SELECT max(created_at) FROM (SELECT created_at FROM bq_body ORDER BY id DESC LIMIT 1000)",
  ].map((sql) => db.prepare(sql).pluck().get() as number | null);
  return newest.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}

function columnsOf(db: Database, table: string): string[] {
  return db.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
}

/** Tables with an integer key of their own, and those whose rows belong to a job, a batch or a schedule. */
const BY_KEY: Readonly<Record<string, string>> = {
  bq_lane: "id",
  bq_batch: "id",
  bq_body: "id",
  bq_job: "id",
  bq_result: "id",
  bq_progress: "id",
  bq_request: "id",
  bq_schedule: "id",
  bq_chore: "id",
  bq_run: "job",
  bq_step: "job",
  bq_input: "job",
  bq_dep: "job",
  bq_log: "job",
  bq_stage: "batch",
  bq_firing: "schedule",
};
/** Small ones, read whole. */
const WHOLE = ["bq_kv", "bq_key", "bq_pause"] as const;
export const TABLES: readonly string[] = Object.keys(BY_KEY);

/** Carries rows from a store that may be damaged anywhere into a new one. */
export class Rescue {
  readonly #from: Database;
  readonly #to: Database;

  constructor(from: Database, to: Database) {
    this.#from = from;
    this.#to = to;
  }

  /** The highest key that can be read anywhere, and the highest that was given. */
  highest(): number {
    const sources = [
      ...TABLES.map((table) => `SELECT max(${BY_KEY[table]}) FROM ${table}`),
      "SELECT value FROM bq_meta WHERE key = 'number'",
      "SELECT max(id) FROM bq_event",
      "SELECT max(id) FROM bq_job INDEXED BY bq_job_lane",
    ];
    return Math.max(0, ...sources.map((sql) => this.#number(sql)));
  }

  /** Copies the rows with keys from `low` to before `high`, as one piece or not at all. Throws what SQLite says of a damaged page. */
  copy(table: string, low: number, high: number): number {
    const columns = this.#shared(table);
    if (columns.length === 0) return 0;
    const key = BY_KEY[table];
    const select = this.#from.prepare(`SELECT ${columns.join(", ")} FROM ${table} WHERE ${key} >= ? AND ${key} < ?`);
    return this.#insert(table, columns, select.raw().iterate(low, high) as Iterable<unknown[]>);
  }

  /** Copies what can be read of the small tables; the names of those of which something could not. */
  copyWhole(): string[] {
    return WHOLE.filter((table) => {
      try {
        const columns = this.#shared(table);
        if (columns.length === 0) return false;
        const select = this.#from.prepare(`SELECT ${columns.join(", ")} FROM ${table}`);
        this.#insert(table, columns, select.raw().iterate() as Iterable<unknown[]>, true);
        return false;
      } catch {
        return true;
      }
    });
  }

  count(table: string): number {
    return this.#to.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  }

  /** What was carried over, made into a store whose parts fit each other. Numbers of the jobs of which a part was lost. */
  mend(now: number): { readonly lost: number[]; readonly requeued: number } {
    const db = this.#to;
    const lost = db
      .prepare(
        `SELECT id FROM bq_body WHERE id NOT IN (SELECT id FROM bq_job)
         UNION SELECT id FROM bq_job WHERE id NOT IN (SELECT id FROM bq_body) OR lane NOT IN (SELECT id FROM bq_lane) ORDER BY 1`,
      )
      .pluck()
      .all() as number[];
    db.exec(`
      DELETE FROM bq_job WHERE id NOT IN (SELECT id FROM bq_body) OR lane NOT IN (SELECT id FROM bq_lane);
      DELETE FROM bq_body WHERE id NOT IN (SELECT id FROM bq_job);
      DELETE FROM bq_request WHERE job NOT IN (SELECT id FROM bq_job);
      UPDATE bq_job SET batch = NULL WHERE batch NOT IN (SELECT id FROM bq_batch);
    `);
    // The worker is another machine's, or dead; a question that was lost is asked again.
    const requeued = db
      .prepare(
        `UPDATE bq_job SET state = 0, worker = NULL, control = 0, fence = fence + 1 WHERE state = 1
         OR (state = 3 AND id NOT IN (SELECT job FROM bq_request WHERE state = 0))`,
      )
      .run().changes;
    // What waited for something that was lost, or is not known to wait for anything, cannot be known to be due; and so on down the line.
    const stranded = db.prepare(
      `UPDATE bq_job SET state = 7, reason = 'dependency', ended_at = ? WHERE state = 4 AND (
         id NOT IN (SELECT job FROM bq_dep WHERE done = 0)
         OR id IN (SELECT job FROM bq_dep WHERE done = 0 AND on_id NOT IN (SELECT id FROM bq_job) AND on_id NOT IN (SELECT id FROM bq_batch))
         OR id IN (SELECT d.job FROM bq_dep d JOIN bq_job t ON t.id = d.on_id WHERE d.done = 0 AND d.mode = 0 AND t.state IN (6, 7)))`,
    );
    while (stranded.run(now).changes > 0);
    db.exec(`
      UPDATE bq_batch SET
        total = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id),
        processing = 0,
        completed = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id AND j.state = 5),
        failed = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id AND j.state = 6),
        cancelled = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id AND j.state = 7),
        planners = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id AND j.flags & 1 AND j.state NOT IN (6, 7)),
        planned = (SELECT count(*) FROM bq_job j WHERE j.batch = bq_batch.id AND j.flags & 1 AND j.state = 5);
    `);
    return { lost, requeued };
  }

  /** Numbers go on where they were, with room for those that were lost; so do cursors, which then say that they have expired. */
  keepCounting(highest: number): void {
    const seq = Math.max(
      this.#number("SELECT value FROM bq_meta WHERE key = 'seq'"),
      this.#number("SELECT max(seq) FROM bq_event"),
    );
    const put = this.#to.prepare(
      "INSERT INTO bq_meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
    );
    put.run("number", highest + 1_000);
    put.run("seq", seq + 1_000);
    put.run("pruned", seq + 1_000);
  }

  activeBatches(): number[] {
    return this.#to.prepare("SELECT id FROM bq_batch WHERE state < 5").pluck().all() as number[];
  }

  #number(sql: string): number {
    try {
      return (this.#from.prepare(sql).pluck().get() as number | null | undefined) ?? 0;
    } catch {
      return 0;
    }
  }

  /** An older store has fewer columns. */
  #shared(table: string): string[] {
    const old = new Set(columnsOf(this.#from, table));
    return columnsOf(this.#to, table).filter((column) => old.has(column));
  }

  #insert(table: string, columns: readonly string[], rows: Iterable<unknown[]>, keep = false): number {
    const marks = columns.map(() => "?").join(", ");
    const put = this.#to.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${marks})`);
    this.#to.exec("SAVEPOINT piece");
    let copied = 0;
    try {
      for (const row of rows) copied += put.run(row).changes;
      return copied;
    } catch (error) {
      if (!keep) this.#to.exec("ROLLBACK TO piece");
      throw error;
    } finally {
      this.#to.exec("RELEASE piece");
    }
  }
}
