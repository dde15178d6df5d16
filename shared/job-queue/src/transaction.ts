import type { Database as Sqlite } from "better-sqlite3";
import { JobQueueError } from "./errors.ts";
import { DEFAULT_MAX_BYTES, MOST_BYTES } from "./limits.ts";
import type { EnqueuedJob, NewJob } from "./options.ts";
import { assertVersion, storeError } from "./sqlite.ts";
import { type Store, createStore } from "./store/store.ts";
import { systemPorts } from "./system-ports.ts";
import { invalid, prepareJob, wholeNumber } from "./validate.ts";

// Statements are prepared once per connection of the application.
const stores = new WeakMap<Sqlite, Store>();

export interface EnqueueInOptions {
  /** Most bytes of a payload, as JSON. Default 1 MiB, as of a queue. */
  readonly maxBytes?: number | undefined;
}

/**
 * Enqueues jobs on the application's own better-sqlite3 connection to the queue's file, in its open transaction (or in one of its own if none
 * is open): the jobs are there when that transaction commits, and were never there when it rolls back. Synchronous; as durable as the
 * application's `synchronous` says. Workers in any process notice the commit. Begin the transaction with `.immediate()`: one that has read
 * before it writes may be refused as STORE_BUSY, as SQLite does. Data is not checked against a handler's schema, which this connection does not
 * know, but before the job runs. Throws INVALID_OPTION, INVALID_DATA, TOO_LARGE, JOB_NOT_FOUND (of `after`), IDEMPOTENCY_MISMATCH,
 * INVALID_STATE (no queue has used the file yet), SCHEMA_CHANGED, STORE_BUSY; what this call wrote is undone, the transaction stays open.
 */
export function enqueueIn(db: Sqlite, jobs: readonly NewJob[], options: EnqueueInOptions = {}): EnqueuedJob[] {
  if (!Array.isArray(jobs)) invalid("jobs", jobs, "a list of jobs");
  const maxBytes =
    options.maxBytes === undefined ? DEFAULT_MAX_BYTES : wholeNumber("maxBytes", options.maxBytes, 1, MOST_BYTES);
  const now = systemPorts.clock.now();
  const rows = jobs.map((job) => prepareJob(job, undefined, now, maxBytes));
  try {
    const store = storeOf(db);
    const enqueue = db.transaction(() => {
      // A rollback of the application may have taken rows away that were looked up before.
      store.forget();
      store.tick.begin(now);
      const made = store.commands.enqueue(rows);
      store.settleBatches();
      store.conclude();
      return made;
    });
    return enqueue.immediate().map(({ id, number, duplicate }) => ({ jobId: id, number, duplicate }));
  } catch (error) {
    throw storeError(error, db.name);
  }
}

function storeOf(db: Sqlite): Store {
  const known = stores.get(db);
  if (known) return known;
  assertVersion(db.prepare("SELECT sqlite_version()").pluck().get() as string);
  if (db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bq_meta'").get() === undefined) {
    throw new JobQueueError(
      "INVALID_STATE",
      `${db.name} is not the file of a queue yet. Open it with openJobQueue once, which makes the tables.`,
    );
  }
  const { random, clock } = systemPorts;
  const store = createStore(db, { random, now: () => clock.now(), maxBytes: DEFAULT_MAX_BYTES });
  stores.set(db, store);
  return store;
}
