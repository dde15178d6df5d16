import type { StoreContext } from "./tick.ts";

/** Rows removed per transaction: short locks, and whole pages become free because ids ascend. */
const SLICE = 500;

export interface PruneInput {
  readonly maxAge: number;
  readonly maxJobs: number;
  readonly maxBytes: number;
}

/** Removes ended work past its keep. Work that has not ended, and members of batches that have not, stay whatever the limits say. */
export function pruneStore(c: StoreContext, dropJob: (id: number) => void, dropBatch: (id: number) => void) {
  const { db, tick } = c;
  const oldJobs = db.prepare(
    `SELECT id FROM bq_job WHERE state >= 5 AND ended_at < ? AND (batch IS NULL OR NOT EXISTS (SELECT 1 FROM bq_batch b WHERE b.id = bq_job.batch)) ORDER BY ended_at LIMIT ${SLICE}`,
  );
  const oldBatches = db.prepare("SELECT id FROM bq_batch WHERE state >= 5 AND ended_at < ? ORDER BY ended_at LIMIT 20");
  const endedCount = db.prepare("SELECT count(*) FROM bq_job WHERE state >= 5").pluck();
  const nthOldest = db
    .prepare("SELECT ended_at FROM bq_job WHERE state >= 5 ORDER BY ended_at LIMIT 1 OFFSET ?")
    .pluck();
  const oldestEvent = db.prepare("SELECT seq FROM bq_event WHERE at < ? ORDER BY seq DESC LIMIT 1").pluck();
  const dropEvents = db.prepare(
    `DELETE FROM bq_event WHERE seq IN (SELECT seq FROM bq_event WHERE seq <= ? ORDER BY seq LIMIT ${SLICE * 4})`,
  );
  const pruned = db.prepare(
    "INSERT INTO bq_meta VALUES ('pruned', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
  );
  const lastDropped = db.prepare("SELECT min(seq) - 1 FROM bq_event").pluck();
  const oldWorkers = db.prepare("DELETE FROM bq_worker WHERE ended_at < ?");

  const bytes = () => {
    const pages = db.pragma("page_count", { simple: true }) as number;
    const free = db.pragma("freelist_count", { simple: true }) as number;
    return (pages - free) * (db.pragma("page_size", { simple: true }) as number);
  };

  return {
    queries: { bytes },
    commands: {
      /** One slice. `more` says that another call would find more to do. */
      prune(input: PruneInput): { jobs: number; more: boolean } {
        let before = tick.now - input.maxAge;
        const over = (endedCount.get() as number) - input.maxJobs;
        if (over > 0)
          before = Math.max(before, ((nthOldest.get(Math.min(over, SLICE) - 1) as number | undefined) ?? 0) + 1);
        if (bytes() > input.maxBytes)
          before = Math.max(before, ((nthOldest.get(SLICE - 1) as number | undefined) ?? tick.now) + 1);
        const batches = oldBatches.all(before) as { id: number }[];
        for (const { id } of batches) dropBatch(id);
        const jobs = oldJobs.all(before) as { id: number }[];
        for (const { id } of jobs) dropJob(id);
        const last = oldestEvent.get(before) as number | undefined;
        let events = 0;
        if (last !== undefined) {
          events = dropEvents.run(last).changes;
          const gone = (lastDropped.get() as number | null) ?? last;
          pruned.run(gone);
        }
        oldWorkers.run(tick.now - input.maxAge);
        return { jobs: jobs.length, more: jobs.length === SLICE || batches.length === 20 || events === SLICE * 4 };
      },
    },
  };
}
