import { COMPLETED } from "./codes.ts";
import type { StoreContext } from "./tick.ts";

/** Rows removed, and rows looked at, per transaction: short locks, and whole pages become free because numbers ascend. */
const SLICE = 500;
const LOOKED_AT = 2_000;
/** Pages that a large value lies on are read to be freed, so a slice ends after so many bytes of input and result too, and after so many lines of a log. */
const SLICE_BYTES = 2 * 1024 * 1024;
const SLICE_LINES = 5_000;
/** However full the store is, this much of the journal stays, so that readers who are awake lose nothing. */
const KEPT_EVENTS_MS = 3_600_000;

export interface PruneInput {
  readonly maxAge: number;
  readonly maxBytes: number;
  /** Ended jobs above the number that is kept. */
  readonly excess: number;
  /** Go on after this number; 0 begins. */
  readonly from: number;
}

export interface Pruned {
  /** Jobs removed. */
  readonly jobs: number;
  /** Where to go on; null when nothing is left to do. */
  readonly next: number | null;
}

/** Removes ended work past its keep, oldest first. Work that has not ended, and members of batches that have not, stay whatever the limits say. */
export function pruneStore(
  c: StoreContext,
  dropJob: (id: number) => void,
  dropBatch: (id: number, most: number) => { readonly dropped: number; readonly more: boolean },
) {
  const { db, tick } = c;
  const page = db.prepare(
    `SELECT j.id, j.state, j.ended_at AS endedAt, j.batch, j.run_at AS runAt, octet_length(b.data) AS bytes
     FROM bq_job j CROSS JOIN bq_body b ON b.id = j.id WHERE j.id > +? ORDER BY j.id LIMIT ${LOOKED_AT}`,
  );
  // Looked up only where the hot row does not tell: what stands behind a large value costs all its pages. (Its length costs none.)
  const createdAt = db.prepare("SELECT created_at FROM bq_body WHERE id = ?").pluck();
  const resultBytes = db.prepare("SELECT octet_length(result) FROM bq_result WHERE id = ?").pluck();
  const lines = db.prepare("SELECT max(n) - min(n) FROM bq_log WHERE job = +?").pluck();
  const dropLines = db.prepare(
    `DELETE FROM bq_log WHERE job = +@job AND n < (SELECT min(n) FROM bq_log WHERE job = +@job) + ${SLICE_LINES}`,
  );
  const batchEnd = db.prepare("SELECT state, ended_at AS endedAt FROM bq_batch WHERE id = ?");
  const emptyBatches = db.prepare(
    `DELETE FROM bq_batch WHERE id IN (SELECT id FROM bq_batch WHERE state >= 5 AND ended_at < +? AND total = 0 ORDER BY ended_at LIMIT ${SLICE})`,
  );
  const oldestNumber = db.prepare("SELECT min(id) FROM bq_job").pluck();
  const lastNumber = db.prepare("SELECT max(id) FROM bq_job").pluck();
  const endedCount = db.prepare("SELECT count(*) FROM bq_job WHERE state >= 5").pluck();
  const oldEvents = db.prepare(`SELECT seq, at FROM bq_event ORDER BY seq LIMIT ${LOOKED_AT}`);
  const dropEvents = db.prepare("DELETE FROM bq_event WHERE seq <= ?");
  const pruned = db.prepare(
    "INSERT INTO bq_meta VALUES ('pruned', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
  );
  const oldWorkers = db.prepare("DELETE FROM bq_worker WHERE ended_at < ?");

  const bytes = () => {
    const pages = db.pragma("page_count", { simple: true }) as number;
    const free = db.pragma("freelist_count", { simple: true }) as number;
    return (pages - free) * (db.pragma("page_size", { simple: true }) as number);
  };

  return {
    queries: {
      bytes,
      /** Ended jobs beyond `most`. They are only counted where the span of numbers says that there can be so many. */
      endedOver(most: number): number {
        const span = ((lastNumber.get() as number | null) ?? 0) - ((oldestNumber.get() as number | null) ?? 0) + 1;
        return span <= most ? 0 : Math.max(0, (endedCount.get() as number) - most);
      },
    },
    commands: {
      /** One slice of jobs and batches. */
      prune(input: PruneInput): Pruned {
        const old = tick.now - input.maxAge;
        const full = bytes() > input.maxBytes;
        const rows = page.all(input.from) as {
          id: number;
          state: number;
          endedAt: number | null;
          batch: number | null;
          runAt: number;
          bytes: number;
        }[];
        let jobs = 0;
        let bytesLeft = SLICE_BYTES;
        // Of which further members are among the rows that were looked up.
        const gone = new Set<number>();
        for (const row of rows) {
          const spare = full || jobs < input.excess;
          // What was made after the limit cannot have ended before it, and numbers ascend with time.
          if (!spare && row.runAt >= old && (createdAt.get(row.id) as number) >= old) return { jobs, next: null };
          if (row.state < COMPLETED || row.endedAt === null) continue;
          if (row.batch !== null && gone.has(row.batch)) continue;
          const batch =
            row.batch === null
              ? undefined
              : (batchEnd.get(row.batch) as { state: number; endedAt: number } | undefined);
          if (batch && batch.state < COMPLETED) continue;
          if (!spare && (batch ?? (row as { endedAt: number })).endedAt >= old) continue;
          const size = row.bytes + ((resultBytes.get(row.id) as number | null | undefined) ?? 0);
          // One that is as large as all of them together may still be the first.
          if (size > bytesLeft && bytesLeft < SLICE_BYTES) return { jobs, next: row.id - 1 };
          if (((lines.get(row.id) as number | null) ?? 0) > SLICE_LINES) {
            dropLines.run({ job: row.id });
            return { jobs, next: row.id - 1 };
          }
          bytesLeft -= size;
          if (row.batch !== null && batch) {
            // Members of a batch are much alike.
            const most = Math.max(1, Math.min(SLICE, Math.floor(SLICE_BYTES / Math.max(1, size))));
            const { dropped, more } = dropBatch(row.batch, most);
            jobs += dropped;
            bytesLeft -= (dropped - 1) * size;
            if (more) return { jobs, next: row.id - 1 };
            gone.add(row.batch);
          } else {
            dropJob(row.id);
            jobs += 1;
          }
          // Comes back to this row: a large batch goes in several slices.
          if (jobs >= SLICE) return { jobs, next: row.id - 1 };
        }
        const last = rows.at(-1);
        if (rows.length === LOOKED_AT && last) return { jobs, next: last.id };
        emptyBatches.run(old);
        oldWorkers.run(old);
        return { jobs, next: null };
      },

      /** One slice of the journal, whose times ascend but for a clock that was set. */
      pruneEvents(input: { maxAge: number; maxBytes: number }): { more: boolean } {
        const old = tick.now - input.maxAge;
        const before = bytes() > input.maxBytes ? Math.max(old, tick.now - KEPT_EVENTS_MS) : old;
        const rows = oldEvents.all() as { seq: number; at: number }[];
        const kept = rows.findIndex((row) => row.at >= before);
        const last = rows.at(kept === -1 ? -1 : kept - 1);
        if (kept === 0 || last === undefined) return { more: false };
        dropEvents.run(last.seq);
        pruned.run(last.seq);
        return { more: kept === -1 && rows.length === LOOKED_AT };
      },
    },
  };
}
