import { createRequire } from "node:module";
import type * as Driver from "drizzle-orm/better-sqlite3";
import type * as Orm from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { SILENT_MS } from "../limits.ts";
import type { BatchInfo, JobInfo, JobState, RequestInfo } from "../job.ts";
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
import { type BatchRowView, type JobRowView, type RequestRowView, batchView, jobView, requestView } from "./views.ts";

const require = createRequire(import.meta.url);
const { drizzle } = require("drizzle-orm/better-sqlite3") as typeof Driver;
const { and, asc, desc, eq, gte, inArray, isNull, lt, sql } = require("drizzle-orm") as typeof Orm;

export interface JobQuery {
  readonly ids?: readonly number[] | undefined;
  readonly states?: readonly JobState[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly plugin?: string | undefined;
  readonly reason?: string | undefined;
  readonly batch?: number | null | undefined;
  readonly principal?: string | undefined;
  readonly conversation?: string | undefined;
  readonly since?: number | undefined;
  readonly endedSince?: number | undefined;
  readonly active?: boolean | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

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
export function readStore(db: Database, now: () => number) {
  const orm = drizzle(db);
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
    .prepare("SELECT l.type FROM bq_job j JOIN bq_lane l ON l.id = j.lane WHERE j.batch = ? ORDER BY j.id DESC LIMIT 1")
    .pluck();

  // State codes are written into the SQL: a partial index is not used for a bound parameter.
  const stateIn = (codes: readonly number[]): SQL => sql.raw(`"bq_job"."state" IN (${codes.map(Number).join(", ")})`);
  const ACTIVE_JOBS = sql.raw(
    `"bq_job"."id" IN (SELECT id FROM bq_job WHERE state = 0 UNION ALL SELECT id FROM bq_job WHERE state = 1
      UNION ALL SELECT id FROM bq_job WHERE state = 2 UNION ALL SELECT id FROM bq_job WHERE state IN (3, 4))`,
  );

  function conditions(query: Omit<JobQuery, "limit">): SQL | undefined {
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(inArray(jobTable.id, [...query.ids]));
    if (query.active === true) all.push(ACTIVE_JOBS);
    if (query.active === false) all.push(sql.raw(`"bq_job"."state" >= 5`));
    if (query.states)
      all.push(
        ...(query.states.length === 1 && jobCodes(query.states[0] as JobState).length === 1
          ? [sql.raw(`"bq_job"."state" = ${jobCodes(query.states[0] as JobState)[0]}`)]
          : [stateIn(query.states.flatMap(jobCodes))]),
      );
    if (query.types) all.push(inArray(laneTable.type, [...query.types]));
    if (query.plugin !== undefined)
      all.push(sql`substr(${laneTable.type}, 1, ${query.plugin.length + 1}) = ${`${query.plugin}:`}`);
    if (query.reason !== undefined) all.push(eq(jobTable.reason, query.reason));
    if (query.batch === null) all.push(isNull(jobTable.batch));
    else if (query.batch !== undefined) all.push(eq(jobTable.batch, query.batch));
    if (query.principal !== undefined) all.push(eq(bodyTable.principal, query.principal));
    if (query.conversation !== undefined) all.push(eq(bodyTable.conversation, query.conversation));
    if (query.since !== undefined) all.push(gte(bodyTable.createdAt, query.since));
    if (query.endedSince !== undefined)
      all.push(sql`"bq_job"."state" >= 5 AND ${jobTable.endedAt} >= ${query.endedSince}`);
    if (query.before !== undefined) all.push(lt(jobTable.id, query.before));
    return and(...all);
  }

  function jobs(query: JobQuery): JobInfo[] {
    const rows = orm
      .select({
        id: jobTable.id,
        secret: bodyTable.secret,
        type: laneTable.type,
        state: jobTable.state,
        reason: jobTable.reason,
        control: jobTable.control,
        run: jobTable.run,
        attempt: jobTable.attempt,
        maxAttempts: jobTable.maxAttempts,
        priority: bodyTable.priority,
        key: jobTable.dkey,
        label: bodyTable.label,
        unit: bodyTable.unit,
        data: bodyTable.data,
        origin: bodyTable.origin,
        pluginVersion: bodyTable.pluginVersion,
        handlerVersion: bodyTable.handlerVersion,
        createdAt: bodyTable.createdAt,
        runAt: jobTable.runAt,
        startedAt: jobTable.startedAt,
        endedAt: jobTable.endedAt,
        batch: jobTable.batch,
        batchSecret: batchTable.secret,
        result: resultTable.result,
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
      .where(conditions(query))
      .orderBy(desc(jobTable.id))
      .limit(query.limit)
      .all() as JobRowView[];
    const silentBefore = now() - SILENT_MS;
    return rows.map((row) =>
      jobView(row, {
        waitsFor: row.state === BLOCKED ? (depsOf.all(row.id) as number[]) : [],
        request: row.state === WAITING_APPROVAL ? (openRequest.get(row.id, row.run) as number | undefined) : undefined,
        silentBefore,
      }),
    );
  }

  function count(query: Omit<JobQuery, "limit">, cap: number): number {
    const inner = orm
      .select({ id: jobTable.id })
      .from(jobTable)
      .innerJoin(bodyTable, eq(bodyTable.id, jobTable.id))
      .innerJoin(laneTable, eq(laneTable.id, jobTable.lane))
      .where(conditions(query))
      .limit(cap + 1)
      .as("found");
    return (
      orm
        .select({ n: sql<number>`count(*)` })
        .from(inner)
        .get() as { n: number }
    ).n;
  }

  function batches(query: BatchQuery): BatchInfo[] {
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(inArray(batchTable.id, [...query.ids]));
    if (query.active === true || query.status === "pending" || query.status === "processing")
      all.push(sql.raw(`"bq_batch"."state" < 5`));
    if (query.active === false) all.push(sql.raw(`"bq_batch"."state" >= 5`));
    const started = sql`${batchTable.processing} + ${batchTable.completed} + ${batchTable.failed} + ${batchTable.cancelled}`;
    if (query.status === "pending") all.push(sql`${started} = 0`);
    else if (query.status === "processing") all.push(sql`${started} > 0`);
    else if (query.status !== undefined) all.push(eq(batchTable.state, jobCodes(query.status)[0] as number));
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
      .orderBy(desc(batchTable.id))
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
        type: memberType.get(row.id) as string | undefined,
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
