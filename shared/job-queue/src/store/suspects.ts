import type { StoreContext } from "./tick.ts";

export type Suspects = ReturnType<typeof suspectStore>;

/** Nothing starts beside a suspect this long at first, and five times as long with each further crash. */
const ALONE_MS = 2_000;
const ALONE_FACTOR = 5;
const LONGEST_ALONE_MS = 24 * 3_600_000;

/**
 * Jobs that ran in a worker which crashed. Nobody knows which of them it was, so they start one by one: if the worker crashes while one is on
 * probation, that one is the first to start in the next worker, alone, and what crashes its worker alone is to blame. `times` counts crashes
 * under suspicion, negative once the probation is passed. A row is over when its job's fence has moved on: the attempt ended in order, or the run.
 */
export function suspectStore({ db }: Pick<StoreContext, "db">) {
  const accuse = db.prepare(
    `INSERT INTO bq_suspect (job, fence, times) SELECT id, fence, 1 FROM bq_job WHERE id = @job
     ON CONFLICT DO UPDATE SET fence = excluded.fence, times = abs(times) + @more`,
  );
  const onProbation = db
    .prepare("SELECT EXISTS (SELECT 1 FROM bq_suspect WHERE job IN (SELECT value FROM json_each(?)) AND times > 0)")
    .pluck();
  const follow = db.prepare(
    "UPDATE bq_suspect SET fence = fence + 2, times = abs(times) WHERE job = ? AND fence = (SELECT fence FROM bq_job WHERE id = job) - 2",
  );
  const pass = db.prepare("UPDATE bq_suspect SET times = -abs(times) WHERE job = ?");
  const purge = db.prepare(
    `DELETE FROM bq_suspect WHERE NOT EXISTS (SELECT 1 FROM bq_job j WHERE j.id = job
       AND ((j.state = 0 AND j.fence = bq_suspect.fence) OR (j.state = 1 AND j.fence = bq_suspect.fence + 1)))`,
  );
  const times = db.prepare("SELECT abs(times) FROM bq_suspect WHERE job = ?").pluck();

  return {
    /** Forgets those that are over. */
    purge: (): void => void purge.run(),
    /** Whether one of these jobs of a worker that crashed was on probation. If so, those that were not are no more suspect than before. */
    onProbation: (jobs: readonly number[]): boolean => onProbation.get(JSON.stringify(jobs)) === 1,
    /** Whether this one was. Called before it is accused again. */
    isOnProbation: (job: number): boolean => onProbation.get(JSON.stringify([job])) === 1,
    /** Called after the job was given back by a crash. */
    accuse: (job: number, more: 0 | 1): void => void accuse.run({ job, more }),
    /** The attempt was given back in order before it could show anything: the job is as suspect as before. Called after that. */
    follow: (job: number): void => void follow.run(job),
    /** For how long nothing is to start beside the job, in milliseconds. */
    aloneFor: (job: number): number =>
      Math.min(LONGEST_ALONE_MS, ALONE_MS * ALONE_FACTOR ** ((times.get(job) as number) - 1)),
    commands: {
      /** The job has run long enough without a crash. */
      passProbation: (job: number): void => void pass.run(job),
    },
  };
}
