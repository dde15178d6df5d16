import { MAX_CRASHES } from "../limits.ts";
import {
  CANCELLED,
  CONTROL_CANCEL_BATCH,
  CONTROL_NONE,
  FAILED,
  FLAG_INTERRUPT,
  FLAG_NO_POLICY,
  FLAG_OWN_TRIES,
  READY,
} from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { StoreContext } from "./tick.ts";

export interface ClaimInput {
  readonly worker: number;
  /** Free slots of the worker. */
  readonly free: number;
  /** The types it has handlers for, with their policy. */
  readonly types: readonly ClaimType[];
}

export interface ClaimType {
  readonly type: string;
  /** How many may run over all processes. */
  readonly limit: number | null;
  readonly maxAttempts: number;
  readonly interrupt: boolean;
}

/** A claimed job with all that its handler needs. */
export interface ClaimedJob {
  readonly id: number;
  readonly secret: string;
  readonly type: string;
  readonly run: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly fence: number;
  readonly data: string;
  readonly label: string | null;
  readonly batch: number | null;
  readonly batchSecret: string | null;
  readonly timeout: number | null;
  readonly backoff: string | null;
  readonly origin: string | null;
}

export interface Claimed {
  readonly jobs: ClaimedJob[];
  /** When the next delayed job or expiry is due; null if none. */
  readonly nextDue: number | null;
}

/** Due jobs promoted per transaction: bounds the lock when very many become due at once. */
const PROMOTE_LIMIT = 1_000;

export function claimStore(c: StoreContext, ending: Ending, laneOf: (type: string) => number) {
  const { db, tick } = c;
  const promote = db.prepare(
    `UPDATE bq_job SET state = 0 WHERE id IN (SELECT id FROM bq_job WHERE state = 2 AND run_at <= ? ORDER BY run_at LIMIT ${PROMOTE_LIMIT})`,
  );
  const nextDue = db
    .prepare(
      `SELECT min(due) FROM (SELECT min(run_at) AS due FROM bq_job WHERE state = 2
      UNION ALL SELECT min(expires_at) FROM bq_request WHERE state = 0 AND expires_at IS NOT NULL)`,
    )
    .pluck();
  const candidates = db.prepare("SELECT id, sort FROM bq_job WHERE state = 0 AND lane = ? ORDER BY sort, id LIMIT ?");
  const running = db.prepare("SELECT count(*) FROM bq_job WHERE state = 1 AND lane = ?").pluck();
  const take = db.prepare(
    `UPDATE bq_job SET state = 1, worker = ?, fence = fence + 1, attempt = attempt + 1, started_at = coalesce(started_at, ?)
     WHERE id = ? AND state = 0 RETURNING run, flags`,
  );
  const adopt = db.prepare(
    `UPDATE bq_job SET flags = (flags & ~${FLAG_NO_POLICY}) | ?, max_attempts = CASE WHEN flags & ${FLAG_OWN_TRIES} THEN max_attempts ELSE ? END
     WHERE id = ?`,
  );
  const load = db.prepare(
    `SELECT j.id, b.secret, l.type, j.run, j.attempt, j.max_attempts AS maxAttempts, j.fence, b.data, b.label, j.batch,
       (SELECT secret FROM bq_batch WHERE id = j.batch) AS batchSecret, b.timeout, b.backoff, b.origin
     FROM bq_job j JOIN bq_body b ON b.id = j.id JOIN bq_lane l ON l.id = j.lane WHERE j.id = ?`,
  );
  const ofWorker = db.prepare(
    "SELECT id, state, run, run_at, batch, control, crashes, flags FROM bq_job WHERE worker = ? AND state = 1",
  );
  const giveBack = db.prepare(
    "UPDATE bq_job SET state = 0, worker = NULL, fence = fence + 1, control = 0, attempt = attempt - 1, crashes = crashes + ? WHERE id = ?",
  );
  const fenceOf = db.prepare("SELECT control, flags FROM bq_job WHERE id = ? AND fence = ? AND state = 1");
  const markWorker = db.prepare("UPDATE bq_worker SET state = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL");
  const addWorker = db.prepare(
    "INSERT INTO bq_worker (id, pid, state, lock, fingerprint, concurrency, started_at, seen_at) VALUES (?, ?, 'running', ?, ?, ?, ?, ?)",
  );
  const beat = db.prepare("UPDATE bq_worker SET seen_at = ? WHERE id = ?");
  const setState = db.prepare("UPDATE bq_worker SET state = ? WHERE id = ? AND ended_at IS NULL");
  const workerState = db.prepare("SELECT state FROM bq_worker WHERE id = ?").pluck();
  const readyIn = db.prepare("SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 0 AND lane = ?)").pluck();
  const anyOther = db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 1) OR EXISTS (SELECT 1 FROM bq_job WHERE state = 2)
       OR EXISTS (SELECT 1 FROM bq_job WHERE state IN (3, 4) AND state < 5)`,
    )
    .pluck();

  return {
    commands: {
      /** The id comes from the journal's sequence, so it is never used again. The caller holds the lock already. */
      addWorker(input: { pid: number; lock: string | null; fingerprint: string | null; concurrency: number }): number {
        const id = tick.nextSeq();
        addWorker.run(id, input.pid, input.lock, input.fingerprint, input.concurrency, tick.now, tick.now);
        return id;
      },
      beat: (worker: number): void => void beat.run(tick.now, worker),
      setWorkerState: (input: { worker: number; state: "running" | "draining" }): void => {
        setState.run(input.state, input.worker);
        tick.effects.controlled = true;
      },
      endWorker: (worker: number): void => void markWorker.run("stopped", tick.now, worker),
      /**
       * Marks the worker stopping if there is nothing left that it might have to do: one transaction, so no enqueue falls in between.
       * Waiting jobs of types it has no handler for do not keep it.
       */
      retire(input: { worker: number; types: readonly string[] }): boolean {
        if (anyOther.get() === 1 || input.types.some((type) => readyIn.get(laneOf(type)) === 1)) return false;
        setState.run("stopping", input.worker);
        return true;
      },

      claim(input: ClaimInput): Claimed {
        promote.run(tick.now);
        const jobs: ClaimedJob[] = [];
        if (input.free > 0) {
          const found: { id: number; sort: number; policy: ClaimType }[] = [];
          for (const policy of input.types) {
            const { type, limit } = policy;
            const lane = laneOf(type);
            const free = limit === null ? input.free : Math.min(input.free, limit - (running.get(lane) as number));
            if (free <= 0) continue;
            for (const row of candidates.all(lane, free) as { id: number; sort: number }[])
              found.push({ ...row, policy });
          }
          found.sort((a, b) => a.sort - b.sort || a.id - b.id);
          for (const { id, policy } of found.slice(0, input.free)) {
            const taken = take.get(input.worker, tick.now, id) as { run: number; flags: number } | undefined;
            if (!taken) continue;
            if (taken.flags & FLAG_NO_POLICY) adopt.run(policy.interrupt ? FLAG_INTERRUPT : 0, policy.maxAttempts, id);
            const job = load.get(id) as ClaimedJob;
            tick.jobEvent("started", id, taken.run, 1);
            jobs.push(job);
          }
          if (jobs.length > 0) beat.run(tick.now, input.worker);
        }
        return { jobs, nextDue: nextDue.get() as number | null };
      },

      /**
       * Takes the jobs of a dead worker back. The caller has seen its lock free; worker ids are never used again, so that cannot become
       * untrue. Two processes may come here for the same worker: the second finds it ended and changes nothing.
       */
      takeOver(worker: number): { taken: number } {
        if (markWorker.run("dead", tick.now, worker).changes === 0) return { taken: 0 };
        const rows = ofWorker.all(worker) as {
          id: number;
          state: number;
          run: number;
          run_at: number;
          batch: number | null;
          control: number;
          crashes: number;
          flags: number;
        }[];
        for (const row of rows) {
          if (row.control !== CONTROL_NONE) {
            ending.endRow(row, CANCELLED, row.control === CONTROL_CANCEL_BATCH ? "batch" : "user");
          } else if (row.flags & FLAG_INTERRUPT) {
            ending.endRow(row, FAILED, "interrupted", {
              message: "The worker died while this ran, and it is not repeated by itself.",
            });
          } else if (row.crashes + 1 >= MAX_CRASHES) {
            ending.endRow(row, FAILED, "crashed", {
              message: `Its worker died ${row.crashes + 1} times while this ran.`,
            });
          } else {
            giveBack.run(1, row.id);
            tick.jobEvent("released", row.id, row.run, READY);
            tick.effects.readied = true;
          }
        }
        return { taken: rows.length };
      },

      /** Gives a job back at an orderly stop: the attempt does not count. False if the attempt was lost before. */
      release(input: { id: number; fence: number }): boolean {
        const row = ending.hot(input.id);
        const current = fenceOf.get(input.id, input.fence) as { control: number; flags: number } | undefined;
        if (!row || !current) return false;
        if (current.control !== CONTROL_NONE)
          ending.endRow(row, CANCELLED, current.control === CONTROL_CANCEL_BATCH ? "batch" : "user");
        else if (current.flags & FLAG_INTERRUPT) {
          ending.endRow(row, FAILED, "interrupted", {
            message: "The worker was stopped while this ran, and it is not repeated by itself.",
          });
        } else {
          giveBack.run(0, input.id);
          tick.jobEvent("released", input.id, row.run, READY);
          tick.effects.readied = true;
        }
        return true;
      },
    },
    queries: {
      workerState: (worker: number) => workerState.get(worker) as string | undefined,
    },
  };
}
