import type { Database } from "../sqlite.ts";
import type { BatchChange, JobChange } from "../job.ts";
import type { Random } from "../ports.ts";
import { BATCH_SLICE } from "../limits.ts";
import { MIGRATIONS } from "../migrations.ts";
import { schemaChanged } from "../sqlite.ts";
import { EVENT_BATCH, EVENT_JOB } from "./codes.ts";

/** What one transaction did, for those who act after its commit. Nothing in here may be used before. */
export interface Effects {
  /** Numbers of jobs and batches whose run ended. */
  readonly ended: number[];
  /** Numbers of jobs that now wait for a person. */
  readonly waiting: number[];
  /** Some job became claimable, or a due time or expiry was set. */
  readied: boolean;
  /** A running job was asked to stop; its owner looks at its control column. */
  controlled: boolean;
  /** The journal, a progress row or a log grew. */
  grew: boolean;
  /** Something is left to do that one transaction would have been too long for: see store/chores.ts. */
  chores: boolean;
}

/** The state of the transaction that is open now. Commands share it; the engine begins and ends it. */
export interface Tick {
  now: number;
  effects: Effects;
  /** Batches whose counts changed; looked at once, at the end of the transaction. */
  readonly touched: Set<number>;
  /** How many more jobs this transaction may move that nobody named one by one. */
  budget: number;
  nextNumber(): number;
  /** Keeps the next numbers for others than those that call for one. */
  skipNumbers(count: number): void;
  nextSeq(): number;
  jobEvent(change: JobChange, id: number, run: number, state: number): void;
  batchEvent(change: BatchChange, id: number, run: number, state: number): void;
}

// Statements of the store write `LIMIT +?` and, where they join or sort, `id = +?`: SQLite plans a statement anew at every run when its planner
// looked at the value of a bound parameter, and the unary plus keeps it from looking. The index is used all the same.
export interface StoreContext {
  readonly db: Database;
  readonly tick: Tick;
  readonly random: Random;
  readonly maxBytes: number;
}

export function createTick(db: Database): Tick & { begin(now: number): void; flush(): void } {
  const read = db.prepare("SELECT value FROM bq_meta WHERE key = ?").pluck();
  // With the schema, which costs nothing there: so no event, hence no change of a job, is written by code that does not know the schema.
  const readSeq = db
    .prepare("SELECT (SELECT value FROM bq_meta WHERE key = 'seq'), (SELECT value FROM bq_meta WHERE key = 'schema')")
    .raw();
  const write = db.prepare("INSERT INTO bq_meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const insertEvent = db.prepare(
    "INSERT INTO bq_event (seq, at, kind, change, id, run, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  let number: number | undefined;
  let seq: number | undefined;
  const tick = {
    now: 0,
    budget: 0,
    effects: emptyEffects(),
    touched: new Set<number>(),
    begin(now: number) {
      tick.now = now;
      tick.budget = BATCH_SLICE;
      tick.effects = emptyEffects();
      tick.touched.clear();
      number = undefined;
      seq = undefined;
    },
    // Counters are read and written once per transaction. Other processes take part only between transactions, so numbers stay
    // unique and a cursor never skips an event: sequence order is commit order.
    flush() {
      if (number !== undefined) write.run("number", number);
      if (seq !== undefined) write.run("seq", seq);
    },
    nextNumber() {
      number = (number ?? (read.get("number") as number | undefined) ?? 0) + 1;
      return number;
    },
    skipNumbers(count: number) {
      number = tick.nextNumber() + count - 1;
    },
    nextSeq() {
      if (seq === undefined) {
        const [last, schema] = readSeq.get() as [number | null, number];
        if (schema !== MIGRATIONS.length) throw schemaChanged(schema);
        seq = last ?? 0;
      }
      seq += 1;
      return seq;
    },
    jobEvent(change: JobChange, id: number, run: number, state: number) {
      insertEvent.run(tick.nextSeq(), tick.now, EVENT_JOB, change, id, run, state);
      tick.effects.grew = true;
    },
    batchEvent(change: BatchChange, id: number, run: number, state: number) {
      insertEvent.run(tick.nextSeq(), tick.now, EVENT_BATCH, change, id, run, state);
      tick.effects.grew = true;
    },
  };
  return tick;
}

function emptyEffects(): Effects {
  return { ended: [], waiting: [], readied: false, controlled: false, grew: false, chores: false };
}
