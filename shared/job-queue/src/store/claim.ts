import { JobQueueError } from "../errors.ts";
import type { Seek } from "../isolation.ts";
import type { RateLimit } from "../options.ts";
import { CHORE_CANCEL, CHORE_STOP, FLAG_INTERRUPT, FLAG_NO_POLICY, FLAG_OWN_TRIES } from "./codes.ts";
import { type Pauses, isPaused } from "./pauses.ts";
import type { Rates } from "./rates.ts";
import type { Stage } from "./stage.ts";
import type { Suspects } from "./suspects.ts";
import type { StoreContext } from "./tick.ts";
import { pluginOf } from "./views.ts";

export interface ClaimInput {
  readonly worker: number;
  /** Free slots of the worker. */
  readonly free: number;
  /** Nothing runs in the worker. */
  readonly empty: boolean;
  /** What it would do for a suspect that waits. */
  readonly seek: Seek;
  /** The types it has handlers for, with their policy. */
  readonly types: readonly ClaimType[];
  /** Free slots of the plugins that have a share of their own. */
  readonly shares: Readonly<Record<string, number>> | null;
}

export interface ClaimType {
  readonly type: string;
  /** How many may run over all processes. */
  readonly limit: number | null;
  readonly rate: RateLimit | null;
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
  /** See checksum.ts. */
  readonly sum: number | null;
  readonly label: string | null;
  readonly batch: number | null;
  readonly batchSecret: string | null;
  readonly timeout: number | null;
  readonly backoff: string | null;
  readonly origin: string | null;
  /** Milliseconds for which nothing is to start beside a suspect; null for others. */
  readonly alone: number | null;
}

export interface Claimed {
  readonly jobs: ClaimedJob[];
  /** When the next delayed job, expiry or start of a rate-limited type is due; null if none. */
  readonly nextDue: number | null;
  /** Nothing was started, because a suspect waits until the worker is empty. */
  readonly emptying: boolean;
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
  sum: number | null,
  label: string | null,
  timeout: number | null,
  backoff: string | null,
  origin: string | null,
];

/** Due jobs promoted per transaction: bounds the lock when very many become due at once. */
const PROMOTE_LIMIT = 1_000;

/** What a claim must look at besides the jobs; 0 in nearly every store, and told by the look for the worker's own row. */
const PAUSES = 1;
const SUSPECTS = 2;
const STAGED = 4;
const CHORES = 8;

export interface Gates {
  readonly pauses: Pauses;
  readonly rates: Rates;
  readonly stage: Stage;
  readonly suspects: Suspects;
}

export function claimStore(c: StoreContext, gates: Gates, laneOf: (type: string) => number) {
  const { db, tick } = c;
  const { pauses, rates, stage, suspects } = gates;
  const promote = db.prepare(
    `UPDATE bq_job SET state = 0 WHERE id IN (SELECT id FROM bq_job WHERE state = 2 AND run_at <= +? ORDER BY run_at LIMIT ${PROMOTE_LIMIT})`,
  );
  const nextDue = db
    .prepare(
      `SELECT min(due) FROM (SELECT min(run_at) AS due FROM bq_job WHERE state = 2
      UNION ALL SELECT min(expires_at) FROM bq_request WHERE state = 0 AND expires_at IS NOT NULL)`,
    )
    .pluck();
  const candidates = db.prepare("SELECT id, sort FROM bq_job WHERE state = 0 AND lane = +? ORDER BY sort, id LIMIT +?");
  const innocents = db.prepare(
    "SELECT id, sort FROM bq_job WHERE state = 0 AND lane = +? AND id NOT IN (SELECT job FROM bq_suspect) ORDER BY sort, id LIMIT +?",
  );
  const suspected = db.prepare(
    "SELECT j.id, -s.times AS sort FROM bq_suspect s CROSS JOIN bq_job j ON j.id = s.job WHERE j.state = 0 AND j.lane = +? ORDER BY sort, +j.sort, j.id LIMIT +?",
  );
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
  const body = db.prepare("SELECT secret, data, sum, label, timeout, backoff, origin FROM bq_body WHERE id = ?").raw();
  const batchSecret = db.prepare("SELECT secret FROM bq_batch WHERE id = ?").pluck();
  const markWorker = db.prepare("UPDATE bq_worker SET state = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL");
  const addWorker = db.prepare(
    "INSERT INTO bq_worker (id, pid, process_start, state, lock, fingerprint, concurrency, started_at, seen_at) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?)",
  );
  const beat = db.prepare("UPDATE bq_worker SET seen_at = ? WHERE id = ?");
  const registered = db
    .prepare(
      `SELECT ${PAUSES} * EXISTS (SELECT 1 FROM bq_pause) + ${SUSPECTS} * EXISTS (SELECT 1 FROM bq_suspect)
         + ${STAGED} * EXISTS (SELECT 1 FROM bq_batch WHERE staged > 0) + ${CHORES} * EXISTS (SELECT 1 FROM bq_chore)
       FROM bq_worker WHERE id = ? AND ended_at IS NULL`,
    )
    .pluck();
  const setState = db.prepare("UPDATE bq_worker SET state = ? WHERE id = ? AND ended_at IS NULL");
  const drain = db.prepare(
    "UPDATE bq_worker SET state = 'draining' WHERE id = ? AND state = 'running' AND ended_at IS NULL",
  );
  const workerState = db.prepare("SELECT state FROM bq_worker WHERE id = ?").pluck();
  const firstReady = db.prepare("SELECT run_at FROM bq_job WHERE state = 0 ORDER BY lane, sort, id LIMIT 1").pluck();
  const readyIn = db.prepare("SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 0 AND lane = ?)").pluck();
  const anyOther = db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM bq_job WHERE state = 1) OR EXISTS (SELECT 1 FROM bq_job WHERE state = 2)
       OR EXISTS (SELECT 1 FROM bq_job WHERE state IN (3, 4) AND state < 5)
       OR EXISTS (SELECT 1 FROM bq_batch WHERE staged > 0) OR EXISTS (SELECT 1 FROM bq_chore)`,
    )
    .pluck();

  const stopped = db
    .prepare(
      `SELECT id FROM bq_job WHERE id IN (SELECT value FROM json_each(?)) AND batch IN (SELECT id FROM bq_chore WHERE kind IN (${CHORE_STOP}, ${CHORE_CANCEL}))`,
    )
    .pluck();
  /** Some batch has stopped whose members are not all cancelled yet. */
  let stopping = false;

  /** The jobs to run next: of each type as many as its limits leave room for, then the first of all types by sort key. */
  function chosen(input: ClaimInput, types: readonly ClaimType[], ready = candidates, most = input.free): Candidate[] {
    const found: Candidate[] = [];
    const { shares } = input;
    for (const policy of types) {
      const { type, limit, rate } = policy;
      const lane = laneOf(type);
      let free = limit === null ? most : Math.min(most, limit - (running.get(lane) as number));
      if (shares !== null) free = Math.min(free, shares[pluginOf(type) ?? ""] ?? free);
      if (rate !== null && free > 0) free = Math.min(free, rates.left(lane, rate));
      if (free <= 0) continue;
      for (const { id, sort } of ready.all(lane, free) as { id: number; sort: number }[]) {
        found.push({ id, sort, policy });
      }
    }
    if (types.length > 1) found.sort((a, b) => a.sort - b.sort || a.id - b.id);
    return (shares === null ? found : withinShares(found, shares)).slice(0, most);
  }

  function withinShares(found: readonly Candidate[], shares: Readonly<Record<string, number>>): Candidate[] {
    const taken = new Map<string, number>();
    return found.filter(({ policy }) => {
      const plugin = pluginOf(policy.type) ?? "";
      const nth = (taken.get(plugin) ?? 0) + 1;
      if (nth > (shares[plugin] ?? Number.POSITIVE_INFINITY)) return false;
      taken.set(plugin, nth);
      return true;
    });
  }

  /** With suspects in the store: one of them, the most suspect first, or nothing while the worker gets empty for it, or the others. */
  function amongSuspects(input: ClaimInput, types: readonly ClaimType[]): { jobs: ClaimedJob[]; emptying: boolean } {
    suspects.purge();
    const { seek, empty, worker } = input;
    const [suspect] = chosen(input, types, suspected, 1);
    if (suspect && seek === "empty" && !empty) return { jobs: [], emptying: true };
    const others = suspect && seek !== "none" ? [] : chosen(input, types, innocents);
    if (!suspect || others.length > 0 || (seek === "none" && !empty))
      return { jobs: takeJobs(worker, others), emptying: false };
    const alone = suspects.aloneFor(suspect.id);
    return { jobs: takeJobs(worker, [suspect]).map((job) => ({ ...job, alone })), emptying: false };
  }

  /** Notes the starts of rate-limited types, and says when the next is allowed of those that have more to start. */
  function rated(types: readonly ClaimType[], jobs: readonly ClaimedJob[]): number | null {
    let due: number | null = null;
    for (const { type, rate } of types) {
      if (rate === null) continue;
      const lane = laneOf(type);
      const count = jobs.reduce((all, job) => all + (job.type === type ? 1 : 0), 0);
      if (count > 0) rates.started(lane, rate, count);
      if (rates.left(lane, rate) > 0 || readyIn.get(lane) !== 1) continue;
      const freeAt = rates.freeAt(lane, rate);
      due = due === null ? freeAt : Math.min(due, freeAt);
    }
    return due;
  }

  function going(found: readonly Candidate[]): Candidate[] {
    const left = new Set(stopped.all(JSON.stringify(found.map((each) => each.id))) as number[]);
    return found.filter(({ id }) => !left.has(id));
  }

  function takeJobs(worker: number, all: readonly Candidate[]): ClaimedJob[] {
    const found = stopping ? going(all) : all;
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
      const [secret, data, sum, label, timeout, backoff, origin] = body.get(id) as BodyRow;
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
          sum,
          label,
          batch,
          batchSecret: secretOfBatch,
          timeout,
          backoff,
          origin,
          alone: null,
        },
      ];
    });
  }

  return {
    commands: {
      /** The id comes from the journal's sequence, so it is never used again. The caller holds the lock already. */
      addWorker(input: {
        pid: number;
        processStart: string | null;
        lock: string | null;
        fingerprint: string | null;
        concurrency: number;
      }): number {
        const id = tick.nextSeq();
        const { pid, processStart, lock, fingerprint, concurrency } = input;
        addWorker.run(id, pid, processStart, lock, fingerprint, concurrency, tick.now, tick.now);
        return id;
      },
      beat: (worker: number): void => void beat.run(tick.now, worker),
      drainWorker: (worker: number): void => {
        // One that is stopping goes on with that.
        if (drain.run(worker).changes > 0) tick.effects.controlled = true;
        else if (workerState.get(worker) === undefined)
          throw new JobQueueError("INVALID_OPTION", `There is no worker ${worker}.`);
      },
      endWorker: (worker: number): void => void markWorker.run("stopped", tick.now, worker),
      /**
       * Marks the worker stopping if there is nothing left that it might have to do: one transaction, so no enqueue falls in between.
       * Waiting jobs of types that it has no handler for, or that are paused, do not keep it.
       */
      retire(input: { worker: number; types: readonly string[] }): boolean {
        const paused = pauses.names();
        const waits = (type: string) => !isPaused(paused, type) && readyIn.get(laneOf(type)) === 1;
        if (anyOther.get() === 1 || input.types.some(waits)) return false;
        setState.run("stopping", input.worker);
        return true;
      },

      claim(input: ClaimInput): Claimed {
        const special = registered.get(input.worker) as number | undefined;
        // Jobs of a worker that counts as ended would be taken over by nobody.
        if (special === undefined) return { jobs: [], nextDue: null, emptying: false, ended: true };
        stopping = (special & CHORES) > 0;
        if (stopping) tick.effects.chores = true;
        promote.run(tick.now);
        const unfolding = (special & STAGED) > 0 && stage.unfoldSome();
        let { types } = input;
        if (special & PAUSES) {
          const paused = pauses.names();
          types = types.filter(({ type }) => !isPaused(paused, type));
        }
        let jobs: ClaimedJob[] = [];
        let emptying = false;
        let next = unfolding ? tick.now : (nextDue.get() as number | null);
        if (input.free > 0) {
          if (special & SUSPECTS) ({ jobs, emptying } = amongSuspects(input, types));
          else jobs = takeJobs(input.worker, chosen(input, types));
          const due = types.some(({ rate }) => rate !== null) ? rated(types, jobs) : null;
          if (due !== null) next = next === null ? due : Math.min(next, due);
        }
        if (jobs.length > 0) beat.run(tick.now, input.worker);
        return { jobs, nextDue: next, emptying, ended: false };
      },
    },
    queries: {
      workerState: (worker: number) => workerState.get(worker) as string | undefined,
      /** When a job that is first in a line was due; undefined if none is ready. */
      readySince: () => firstReady.get() as number | undefined,
    },
  };
}
