import { createRequire } from "node:module";
import type * as Driver from "drizzle-orm/better-sqlite3";
import type * as Orm from "drizzle-orm";
import type { AnyColumn, SQL } from "drizzle-orm";
import { SILENT_MS } from "../limits.ts";
import type { BatchInfo, JobInfo, RequestInfo } from "../job.ts";
import {
  batchTable,
  bodyTable,
  jobTable,
  laneTable,
  progressTable,
  requestTable,
  resultTable,
  workerTable,
} from "../schema.ts";
import type { Database } from "../sqlite.ts";
import { BLOCKED, WAITING_APPROVAL, jobCodes } from "./codes.ts";
import { type JobConditions, findStore } from "./find.ts";
import { type BatchRowView, type JobRowView, type RequestRowView, batchView, jobView, requestView } from "./views.ts";

const require = createRequire(import.meta.url);
const { drizzle } = require("drizzle-orm/better-sqlite3") as typeof Driver;
const { and, asc, desc, eq, gte, inArray, isNull, lt, sql } = require("drizzle-orm") as typeof Orm;

export interface JobQuery extends JobConditions {
  readonly limit: number;
  /** Without payloads and results that are long. */
  readonly brief?: boolean | undefined;
}

/** Bytes of a payload or result that a list still has: a page of large ones would hold up the event loop and fill the memory. */
const BRIEF_BYTES = 16 * 1024;
// Told by the row's header, so that what is long is not read.
const brief = (column: AnyColumn) =>
  sql<string | null>`CASE WHEN octet_length(${column}) <= ${sql.raw(String(BRIEF_BYTES))} THEN ${column} END`;

export interface BatchQuery {
  readonly ids?: readonly number[] | undefined;
  readonly active?: boolean | undefined;
  readonly status?: BatchInfo["status"] | undefined;
  readonly plugin?: string | undefined;
  readonly principal?: string | undefined;
  readonly conversation?: string | undefined;
  readonly since?: number | undefined;
  readonly endedSince?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Failures listed with a batch. */
const BATCH_ERRORS = 50;

/** The read side: lists and single views, built with drizzle because their conditions vary. */
export function readStore(db: Database, now: () => number, pausedNames: () => ReadonlySet<string>) {
  const orm = drizzle(db);
  const find = findStore(db);
  const depsOf = db.prepare("SELECT on_id FROM bq_dep WHERE job = ? AND done = 0 ORDER BY on_id").pluck();
  const openRequest = db.prepare("SELECT id FROM bq_request WHERE job = ? AND run = ? AND state = 0").pluck();
  const current = db
    .prepare(
      `SELECT coalesce(b.label, l.type) FROM bq_job j JOIN bq_body b ON b.id = j.id JOIN bq_lane l ON l.id = j.lane
     WHERE j.batch = ? AND j.state = 1 ORDER BY j.id LIMIT 1`,
    )
    .pluck();
  const failures = db.prepare(
    `SELECT j.id, b.secret, b.label, j.reason, json_extract(r.error, '$.message') AS message FROM bq_job j JOIN bq_body b ON b.id = j.id
     LEFT JOIN bq_result r ON r.id = j.id WHERE j.batch = ? AND j.state = 6 ORDER BY j.id LIMIT ${BATCH_ERRORS}`,
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
    const rows = orm
      .select({
        id: jobTable.id,
        secret: bodyTable.secret,
        type: laneTable.type,
        state: jobTable.state,
        reason: jobTable.reason,
        control: jobTable.control,
        fence: jobTable.fence,
        waits: jobTable.waits,
        run: jobTable.run,
        attempt: jobTable.attempt,
        maxAttempts: jobTable.maxAttempts,
        priority: bodyTable.priority,
        key: jobTable.dkey,
        label: bodyTable.label,
        unit: bodyTable.unit,
        data: query.brief ? brief(bodyTable.data) : bodyTable.data,
        origin: bodyTable.origin,
        pluginVersion: bodyTable.pluginVersion,
        handlerVersion: bodyTable.handlerVersion,
        createdAt: bodyTable.createdAt,
        runAt: jobTable.runAt,
        startedAt: jobTable.startedAt,
        endedAt: jobTable.endedAt,
        batch: jobTable.batch,
        batchSecret: batchTable.secret,
        result: query.brief ? brief(resultTable.result) : resultTable.result,
        error: resultTable.error,
        progress: {
          run: progressTable.run,
          current: progressTable.current,
          total: progressTable.total,
          unit: progressTable.unit,
          message: progressTable.message,
          details: progressTable.details,
          at: progressTable.at,
        },
        worker: { id: workerTable.id, pid: workerTable.pid, seenAt: workerTable.seenAt },
      })
      .from(jobTable)
      .innerJoin(bodyTable, eq(bodyTable.id, jobTable.id))
      .innerJoin(laneTable, eq(laneTable.id, jobTable.lane))
      .leftJoin(resultTable, eq(resultTable.id, jobTable.id))
      .leftJoin(progressTable, eq(progressTable.id, jobTable.id))
      .leftJoin(batchTable, eq(batchTable.id, jobTable.batch))
      .leftJoin(workerTable, eq(workerTable.id, jobTable.worker))
      .where(inArray(jobTable.id, numbers))
      .orderBy(desc(jobTable.id))
      .limit(query.limit)
      .all() as JobRowView[];
    const silentBefore = now() - SILENT_MS;
    const paused = pausedNames();
    return rows.map((row) =>
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
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(inArray(batchTable.id, [...query.ids]));
    if (query.active === true || query.status === "pending" || query.status === "processing")
      all.push(sql.raw(`"bq_batch"."state" < 5`));
    if (query.active === false) all.push(sql.raw(`"bq_batch"."state" >= 5`));
    const started = sql`${batchTable.processing} + ${batchTable.completed} + ${batchTable.failed} + ${batchTable.cancelled}`;
    if (query.status === "pending") all.push(sql`${started} = 0`);
    else if (query.status === "processing") all.push(sql`${started} > 0`);
    // A literal: a partial index is not used for a bound parameter.
    else if (query.status !== undefined) all.push(sql.raw(`"bq_batch"."state" = ${jobCodes(query.status)[0]}`));
    if (query.plugin !== undefined) all.push(eq(batchTable.plugin, query.plugin));
    if (query.principal !== undefined) all.push(eq(batchTable.principal, query.principal));
    if (query.conversation !== undefined) all.push(eq(batchTable.conversation, query.conversation));
    if (query.since !== undefined) all.push(gte(batchTable.createdAt, query.since));
    if (query.endedSince !== undefined)
      all.push(sql`"bq_batch"."state" >= 5 AND ${batchTable.endedAt} >= ${query.endedSince}`);
    if (query.before !== undefined) all.push(lt(batchTable.id, query.before));
    const rows = orm
      .select()
      .from(batchTable)
      .where(and(...all))
      // With `+` the index of the end leads, and the few that it finds are sorted; without, all batches would be walked.
      .orderBy(query.endedSince === undefined ? desc(batchTable.id) : sql.raw(`+"bq_batch"."id" DESC`))
      .limit(query.limit)
      .all() as BatchRowView[];
    return rows.map((row) =>
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

  function requests(query: {
    ids?: readonly number[] | undefined;
    open?: boolean | undefined;
    job?: number | undefined;
    limit: number;
  }): RequestInfo[] {
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(inArray(requestTable.id, [...query.ids]));
    if (query.open === true) all.push(sql.raw(`"bq_request"."state" = 0`));
    if (query.open === false) all.push(sql.raw(`"bq_request"."state" <> 0`));
    if (query.job !== undefined) all.push(eq(requestTable.job, query.job));
    const rows = orm
      .select({
        id: requestTable.id,
        secret: requestTable.secret,
        job: requestTable.job,
        jobSecret: bodyTable.secret,
        jobType: laneTable.type,
        jobLabel: bodyTable.label,
        run: requestTable.run,
        name: requestTable.name,
        question: requestTable.question,
        choices: requestTable.choices,
        details: requestTable.details,
        digest: requestTable.digest,
        state: requestTable.state,
        createdAt: requestTable.createdAt,
        expiresAt: requestTable.expiresAt,
        choice: requestTable.choice,
        comment: requestTable.comment,
        principal: requestTable.principal,
        interface: requestTable.interface,
        decidedAt: requestTable.decidedAt,
        origin: bodyTable.origin,
      })
      .from(requestTable)
      .innerJoin(jobTable, eq(jobTable.id, requestTable.job))
      .innerJoin(bodyTable, eq(bodyTable.id, requestTable.job))
      .innerJoin(laneTable, eq(laneTable.id, jobTable.lane))
      .where(and(...all))
      .orderBy(asc(requestTable.id))
      .limit(query.limit)
      .all() as RequestRowView[];
    return rows.map(requestView);
  }

  const workers = () =>
    orm.select().from(workerTable).where(isNull(workerTable.endedAt)).orderBy(asc(workerTable.id)).all();

  return { jobs, count, batches, requests, workers };
}
