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
  /** The worker was taken for dead, or was ended: it may claim nothing more. */
  readonly ended: boolean;
}

interface Candidate {
  readonly id: number;
  readonly sort: number;
  readonly policy: ClaimType;
}
type TakenRow = [
  id: number,
  run: number,
  attempt: number,
  maxAttempts: number,
  fence: number,
  flags: number,
  batch: number | null,
];
type BodyRow = [
  secret: string,
  data: string,
  label: string | null,
  timeout: number | null,
  backoff: string | null,
  origin: string | null,
];

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
  const candidates = db.prepare("SELECT id, sort FROM bq_job WHERE state = 0 AND lane = ? ORDER BY sort, id LIMIT +?");
  const running = db.prepare("SELECT count(*) FROM bq_job WHERE state = 1 AND lane = ?").pluck();
  const take = db
    .prepare(
      `UPDATE bq_job SET state = 1, worker = ?, fence = fence + 1, attempt = attempt + 1, started_at = coalesce(started_at, ?)
       WHERE id IN (SELECT value FROM json_each(?)) AND state = 0 RETURNING id, run, attempt, max_attempts, fence, flags, batch`,
    )
    .raw();
  const adopt = db.prepare(
    `UPDATE bq_job SET flags = (flags & ~${FLAG_NO_POLICY}) | ?, max_attempts = CASE WHEN flags & ${FLAG_OWN_TRIES} THEN max_attempts ELSE ? END
     WHERE id = ?`,
  );
  const body = db.prepare("SELECT secret, data, label, timeout, backoff, origin FROM bq_body WHERE id = ?").raw();
  const batchSecret = db.prepare("SELECT secret FROM bq_batch WHERE id = ?").pluck();
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
  const registered = db.prepare("SELECT 1 FROM bq_worker WHERE id = ? AND ended_at IS NULL").pluck();
  const setState = db.prepare("UPDATE bq_worker SET state = ? WHERE id = ? AND ended_at IS NULL");
  const workerState = db.prepare("SELECT state FROM bq_worker WHERE id = ?").pluck();
  const readyIn = db.prepare("SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 0 AND lane = ?)").pluck();
  const anyOther = db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 1) OR EXISTS (SELECT 1 FROM bq_job WHERE state = 2)
       OR EXISTS (SELECT 1 FROM bq_job WHERE state IN (3, 4) AND state < 5)`,
    )
    .pluck();

  /** The jobs to run next: of each type as many as its limit leaves room for, then the first of all types by sort key. */
  function chosen(input: ClaimInput): Candidate[] {
    const found: Candidate[] = [];
    for (const policy of input.types) {
      const { type, limit } = policy;
      const lane = laneOf(type);
      const free = limit === null ? input.free : Math.min(input.free, limit - (running.get(lane) as number));
      if (free <= 0) continue;
      for (const { id, sort } of candidates.all(lane, free) as { id: number; sort: number }[]) {
        found.push({ id, sort, policy });
      }
    }
    if (input.types.length > 1) found.sort((a, b) => a.sort - b.sort || a.id - b.id);
    return found.slice(0, input.free);
  }

  function takeJobs(worker: number, found: readonly Candidate[]): ClaimedJob[] {
    if (found.length === 0) return [];
    const taken = take.all(worker, tick.now, JSON.stringify(found.map((each) => each.id))) as TakenRow[];
    // RETURNING promises no order; jobs begin in the order of their sort keys.
    const rows = new Map(taken.map((row) => [row[0], row]));
    return found.flatMap(({ id, policy }) => {
      const row = rows.get(id);
      if (!row) return [];
      const [, run, attempt, stored, fence, flags, batch] = row;
      let maxAttempts = stored;
      if (flags & FLAG_NO_POLICY) {
        adopt.run(policy.interrupt ? FLAG_INTERRUPT : 0, policy.maxAttempts, id);
        if (!(flags & FLAG_OWN_TRIES)) maxAttempts = policy.maxAttempts;
      }
      const [secret, data, label, timeout, backoff, origin] = body.get(id) as BodyRow;
      tick.jobEvent("started", id, run, 1);
      const secretOfBatch = batch === null ? null : (batchSecret.get(batch) as string);
      const { type } = policy;
      return [
        {
          id,
          secret,
          type,
          run,
          attempt,
          maxAttempts,
          fence,
          data,
          label,
          batch,
          batchSecret: secretOfBatch,
          timeout,
          backoff,
          origin,
        },
      ];
    });
  }

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
        // Jobs of a worker that counts as ended would be taken over by nobody.
        if (registered.get(input.worker) === undefined) return { jobs: [], nextDue: null, ended: true };
        promote.run(tick.now);
        const jobs = input.free > 0 ? takeJobs(input.worker, chosen(input)) : [];
        if (jobs.length > 0) beat.run(tick.now, input.worker);
        return { jobs, nextDue: nextDue.get() as number | null, ended: false };
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
