import type { BatchChange, JobChange, LogStream } from "../job.ts";
import type { Database } from "../sqlite.ts";
import { COMPLETED } from "./codes.ts";

export interface RawEvent {
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  readonly change: JobChange | BatchChange;
  readonly id: number;
  readonly run: number;
  readonly state: number;
}

export interface LogRow {
  readonly n: number;
  readonly at: number;
  readonly run: number;
  readonly attempt: number;
  readonly stream: LogStream;
  readonly text: string;
}

/** Durations are taken from the newest of this many ended jobs: enough for an estimate, and bounded. */
const ENDED_LOOKED_AT = 5_000;

/** Reading what happened, by position. */
export function journalStore(db: Database) {
  // One statement, so one snapshot: read apart, a progress row committed in between would carry the cursor over events not yet read.
  // Progress keeps only its latest value per job; its sequence number moves with it.
  const since = db.prepare(
    `SELECT seq, at, kind, change, id, run, state FROM bq_event WHERE seq > +@after
     UNION ALL SELECT p.seq, p.at, 0, 'progress', p.id, p.run, 1 FROM bq_progress p WHERE p.seq > +@after
     ORDER BY seq LIMIT +@limit`,
  );
  const meta = db.prepare("SELECT value FROM bq_meta WHERE key = ?").pluck();
  const lines = db.prepare(
    "SELECT n, at, run, attempt, stream, text FROM bq_log WHERE job = +? AND n > +? ORDER BY n LIMIT +?",
  );
  const tail = db.prepare(
    "SELECT n, at, run, attempt, stream, text FROM bq_log WHERE job = +? ORDER BY n DESC LIMIT +?",
  );
  const state = db
    .prepare("SELECT state FROM bq_job WHERE id = @id UNION ALL SELECT state FROM bq_batch WHERE id = @id")
    .pluck();
  const secret = db.prepare(
    `SELECT 'job' AS kind, id, secret FROM bq_body WHERE id = @id UNION ALL SELECT 'batch', id, secret FROM bq_batch WHERE id = @id
     UNION ALL SELECT 'request', id, secret FROM bq_request WHERE id = @id`,
  );
  const request = db.prepare(
    "SELECT id, state, choice, comment, digest, principal, interface, decided_at AS decidedAt, on_reject AS onReject FROM bq_request WHERE job = ? AND run = ? AND name = ?",
  );
  const runs = db.prepare(
    "SELECT run, state, reason, error, started_at AS startedAt, ended_at AS endedAt FROM bq_run WHERE job = +? ORDER BY run",
  );
  const stepList = db.prepare("SELECT name, kind, run, attempt, at FROM bq_step WHERE job = +? ORDER BY at, name");
  const durations = db
    .prepare(
      `SELECT ended_at - started_at FROM (SELECT lane, state, started_at, ended_at FROM bq_job WHERE state >= 5 ORDER BY ended_at DESC LIMIT ${ENDED_LOOKED_AT})
       WHERE state = ${COMPLETED} AND lane = (SELECT id FROM bq_lane WHERE type = +?) AND started_at IS NOT NULL LIMIT 100`,
    )
    .pluck();
  const ended = db.prepare(
    `SELECT j.id, b.secret, j.state, r.result, r.error FROM bq_job j JOIN bq_body b ON b.id = j.id LEFT JOIN bq_result r ON r.id = j.id WHERE j.id = +@id
     UNION ALL SELECT id, secret, state, NULL, NULL FROM bq_batch WHERE id = +@id`,
  );
  const counts = db.prepare(
    `SELECT (SELECT count(*) FROM bq_job WHERE state = 0) AS ready, (SELECT count(*) FROM bq_job WHERE state = 1) AS processing,
       (SELECT count(*) FROM bq_job WHERE state = 2) AS delayed, (SELECT count(*) FROM bq_job WHERE state IN (3, 4) AND state < 5) AS waiting`,
  );

  return {
    since: (after: number, limit: number) => since.all({ after, limit }) as RawEvent[],
    schema: () => meta.get("schema") as number,
    lastSeq: () => (meta.get("seq") as number | undefined) ?? 0,
    prunedSeq: () => (meta.get("pruned") as number | undefined) ?? 0,
    lines: (job: number, after: number, limit: number) => lines.all(job, after, limit) as LogRow[],
    tail: (job: number, limit: number) => (tail.all(job, limit) as LogRow[]).reverse(),
    stateOf: (id: number) => state.get({ id }) as number | undefined,
    lookup: (id: number) =>
      secret.get({ id }) as { kind: "job" | "batch" | "request"; id: number; secret: string } | undefined,
    request: (job: number, run: number, name: string) =>
      request.get(job, run, name) as
        | {
            id: number;
            state: number;
            choice: string | null;
            comment: string | null;
            digest: string | null;
            principal: string | null;
            interface: string | null;
            decidedAt: number | null;
            onReject: string;
          }
        | undefined,
    runs: (job: number) =>
      runs.all(job) as {
        run: number;
        state: number;
        reason: string | null;
        error: string | null;
        startedAt: number | null;
        endedAt: number | null;
      }[],
    stepList: (job: number) =>
      stepList.all(job) as { name: string; kind: string; run: number; attempt: number; at: number }[],
    durations: (type: string) => durations.all(type) as number[],
    ended: (id: number) =>
      ended.get({ id }) as
        | { id: number; secret: string; state: number; result: string | null; error: string | null }
        | undefined,
    counts: () => counts.get() as { ready: number; processing: number; delayed: number; waiting: number },
  };
}
