import { SILENT_MS } from "../limits.ts";
import type { BatchInfo, JobInfo, RequestInfo } from "../job.ts";
import type { Database } from "../sqlite.ts";
import { BLOCKED, WAITING_APPROVAL } from "./codes.ts";
import { type JobConditions, findStore } from "./find.ts";
import { type BatchQuery, type RequestQuery, selectStore } from "./select.ts";
import { batchView, jobView, requestView } from "./views.ts";

export interface JobQuery extends JobConditions {
  readonly limit: number;
  /** Without payloads and results that are long. */
  readonly brief?: boolean | undefined;
}

/** Failures listed with a batch. */
const BATCH_ERRORS = 50;

/** The read side: lists and single views. */
export function readStore(db: Database, now: () => number, pausedNames: () => ReadonlySet<string>) {
  const find = findStore(db);
  const select = selectStore(db);
  const depsOf = db.prepare("SELECT on_id FROM bq_dep WHERE job = +? AND done = 0 ORDER BY on_id").pluck();
  const openRequest = db.prepare("SELECT id FROM bq_request WHERE job = ? AND run = ? AND state = 0").pluck();
  const current = db
    .prepare(
      `SELECT coalesce(b.label, l.type) FROM bq_job j JOIN bq_body b ON b.id = j.id JOIN bq_lane l ON l.id = j.lane
     WHERE j.batch = +? AND j.state = 1 ORDER BY j.id LIMIT 1`,
    )
    .pluck();
  const failures = db.prepare(
    `SELECT j.id, b.secret, b.label, j.reason, json_extract(r.error, '$.message') AS message FROM bq_job j JOIN bq_body b ON b.id = j.id
     LEFT JOIN bq_result r ON r.id = j.id WHERE j.batch = +? AND j.state = 6 ORDER BY j.id LIMIT ${BATCH_ERRORS}`,
  );
  const memberType = db
    .prepare(
      `SELECT type FROM bq_lane WHERE id = coalesce((SELECT lane FROM bq_job WHERE batch = @batch AND (flags & 1) = 0 LIMIT 1),
         (SELECT lane FROM bq_job WHERE batch = @batch LIMIT 1))`,
    )
    .pluck();

  function jobs(query: JobQuery): JobInfo[] {
    const numbers = find.numbers(query, query.limit);
    if (numbers.length === 0) return [];
    const silentBefore = now() - SILENT_MS;
    const paused = pausedNames();
    return select.jobs(numbers, query.brief === true).map((row) =>
      jobView(row, {
        waitsFor: row.state === BLOCKED ? (depsOf.all(row.id) as number[]) : [],
        request: row.state === WAITING_APPROVAL ? (openRequest.get(row.id, row.run) as number | undefined) : undefined,
        silentBefore,
        paused,
      }),
    );
  }

  const count = (query: JobConditions, cap: number): number => find.count(query, cap + 1);

  function batches(query: BatchQuery): BatchInfo[] {
    return select.batches(query).map((row) =>
      batchView(row, {
        currentOperation: row.processing > 0 ? (current.get(row.id) as string | undefined) : undefined,
        errors:
          row.failed > 0
            ? (
                failures.all(row.id) as {
                  id: number;
                  secret: string;
                  label: string | null;
                  reason: string | null;
                  message: string | null;
                }[]
              ).map((f) => ({
                jobId: `${f.id}-${f.secret}`,
                number: f.id,
                label: f.label ?? undefined,
                reason: (f.reason as JobInfo["reason"] | null) ?? undefined,
                message: f.message ?? "failed",
              }))
            : [],
        type: memberType.get({ batch: row.id }) as string | undefined,
      }),
    );
  }

  const requests = (query: RequestQuery): RequestInfo[] => select.requests(query).map(requestView);

  return { jobs, count, batches, requests, workers: select.workers };
}
