import { createRequire } from "node:module";
import type * as Driver from "drizzle-orm/better-sqlite3";
import type * as Orm from "drizzle-orm";
import type { AnyColumn, Placeholder, SQL } from "drizzle-orm";
import type { BatchInfo } from "../job.ts";
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
import { jobCodes } from "./codes.ts";
import { statementCache } from "./statements.ts";
import type { BatchRowView, JobRowView, RequestRowView } from "./views.ts";

const require = createRequire(import.meta.url);
const { drizzle } = require("drizzle-orm/better-sqlite3") as typeof Driver;
const { and, asc, desc, eq, gte, inArray, isNull, lt, sql } = require("drizzle-orm") as typeof Orm;

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

export interface RequestQuery {
  readonly ids?: readonly number[] | undefined;
  readonly open?: boolean | undefined;
  readonly job?: number | undefined;
  readonly limit: number;
}

/** Bytes of a payload or result that a list still has: a page of large ones would hold up the event loop and fill the memory. */
const BRIEF_BYTES = 16 * 1024;
// Told by the row's header, so that what is long is not read.
const brief = (column: AnyColumn) =>
  sql<string | null>`CASE WHEN octet_length(${column}) <= ${sql.raw(String(BRIEF_BYTES))} THEN ${column} END`;

// With the plus, as everywhere in the store: see StoreContext.
const value = (name: string) => sql`+${sql.placeholder(name)}`;
const listed = (column: AnyColumn) => inArray(column, sql`(SELECT value FROM json_each(${value("ids")}))`);
// The builder writes what it is given; its type names only the usual two.
const limit = value("limit") as unknown as Placeholder;

const jobColumns = (short: boolean) =>
  ({
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
    data: short ? brief(bodyTable.data) : bodyTable.data,
    origin: bodyTable.origin,
    pluginVersion: bodyTable.pluginVersion,
    handlerVersion: bodyTable.handlerVersion,
    createdAt: bodyTable.createdAt,
    runAt: jobTable.runAt,
    startedAt: jobTable.startedAt,
    endedAt: jobTable.endedAt,
    batch: jobTable.batch,
    batchSecret: batchTable.secret,
    result: short ? brief(resultTable.result) : resultTable.result,
    error: resultTable.error,
    progressRun: progressTable.run,
    progressCurrent: progressTable.current,
    progressTotal: progressTable.total,
    progressUnit: progressTable.unit,
    progressMessage: progressTable.message,
    progressDetails: progressTable.details,
    progressAt: progressTable.at,
    workerId: workerTable.id,
    workerPid: workerTable.pid,
    workerSeenAt: workerTable.seenAt,
  }) satisfies Record<keyof JobRowView, unknown>;

const numbersOf = (ids: readonly number[] | undefined) => ids && JSON.stringify(ids);
/** Which conditions a query has; of those that stand in the statement as literals also which. */
const shapeOf = (query: object, literals: readonly string[]) =>
  Object.entries(query)
    .filter(([, given]) => given !== undefined)
    .map(([name, given]) => (literals.includes(name) ? `${name} ${String(given)}` : name))
    .join();

/**
 * What lists and single views select, built with drizzle because the conditions vary. Building and planning a statement takes many times as long
 * as running it, so it is done once for all queries with the same conditions.
 */
export function selectStore(db: Database) {
  const orm = drizzle(db);
  const prepared = statementCache<{ all(values: Record<string, unknown>): unknown }>();

  function prepareJobs(short: boolean) {
    const columns = jobColumns(short);
    const names = Object.keys(columns) as (keyof JobRowView)[];
    const statement = orm
      .select(columns)
      .from(jobTable)
      .innerJoin(bodyTable, eq(bodyTable.id, jobTable.id))
      .innerJoin(laneTable, eq(laneTable.id, jobTable.lane))
      .leftJoin(resultTable, eq(resultTable.id, jobTable.id))
      .leftJoin(progressTable, eq(progressTable.id, jobTable.id))
      .leftJoin(batchTable, eq(batchTable.id, jobTable.batch))
      .leftJoin(workerTable, eq(workerTable.id, jobTable.worker))
      .where(listed(jobTable.id))
      .orderBy(desc(jobTable.id))
      .prepare();
    return {
      // By position, which is half of the time of a page: drizzle looks at every value of every row to find out where it belongs.
      all: (values: Record<string, unknown>) =>
        statement.values(values).map((row) => {
          const view: Record<string, unknown> = {};
          for (const [i, name] of names.entries()) view[name] = row[i];
          return view;
        }),
    };
  }

  function prepareBatches(query: BatchQuery) {
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(listed(batchTable.id));
    if (query.active === true || query.status === "pending" || query.status === "processing")
      all.push(sql.raw(`"bq_batch"."state" < 5`));
    if (query.active === false) all.push(sql.raw(`"bq_batch"."state" >= 5`));
    const started = sql`${batchTable.processing} + ${batchTable.completed} + ${batchTable.failed} + ${batchTable.cancelled}`;
    if (query.status === "pending") all.push(sql`${started} = 0`);
    else if (query.status === "processing") all.push(sql`${started} > 0`);
    // A literal: a partial index is not used for a bound parameter.
    else if (query.status !== undefined) all.push(sql.raw(`"bq_batch"."state" = ${jobCodes(query.status)[0]}`));
    if (query.plugin !== undefined) all.push(eq(batchTable.plugin, value("plugin")));
    if (query.principal !== undefined) all.push(eq(batchTable.principal, value("principal")));
    if (query.conversation !== undefined) all.push(eq(batchTable.conversation, value("conversation")));
    if (query.since !== undefined) all.push(gte(batchTable.createdAt, value("since")));
    if (query.endedSince !== undefined)
      all.push(sql`"bq_batch"."state" >= 5 AND ${batchTable.endedAt} >= ${value("endedSince")}`);
    if (query.before !== undefined) all.push(lt(batchTable.id, value("before")));
    return (
      orm
        .select()
        .from(batchTable)
        .where(and(...all))
        // With `+` the index of the end leads, and the few that it finds are sorted; without, all batches would be walked.
        .orderBy(query.endedSince === undefined ? desc(batchTable.id) : sql.raw(`+"bq_batch"."id" DESC`))
        .limit(limit)
        .prepare()
    );
  }

  function prepareRequests(query: RequestQuery) {
    const all: (SQL | undefined)[] = [];
    if (query.ids) all.push(listed(requestTable.id));
    if (query.open === true) all.push(sql.raw(`"bq_request"."state" = 0`));
    if (query.open === false) all.push(sql.raw(`"bq_request"."state" <> 0`));
    if (query.job !== undefined) all.push(eq(requestTable.job, value("job")));
    return orm
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
      .limit(limit)
      .prepare();
  }

  const prepareWorkers = () =>
    orm.select().from(workerTable).where(isNull(workerTable.endedAt)).orderBy(asc(workerTable.id)).prepare();

  return {
    /** With `short` without payloads and results that are long. */
    jobs: (ids: readonly number[], short: boolean) =>
      prepared(short ? "jobs in short" : "jobs", () => prepareJobs(short)).all({ ids: numbersOf(ids) }) as JobRowView[],
    batches: (query: BatchQuery) =>
      prepared(`batches ${shapeOf(query, ["active", "status"])}`, () => prepareBatches(query)).all({
        ...query,
        ids: numbersOf(query.ids),
      }) as BatchRowView[],
    requests: (query: RequestQuery) =>
      prepared(`requests ${shapeOf(query, ["open"])}`, () => prepareRequests(query)).all({
        ...query,
        ids: numbersOf(query.ids),
      }) as RequestRowView[],
    workers: () => prepared("workers", prepareWorkers).all({}) as (typeof workerTable.$inferSelect)[],
  };
}
