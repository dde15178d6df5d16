import type { JobState } from "../job.ts";
import type { Database } from "../sqlite.ts";
import { jobCodes } from "./codes.ts";
import { statementCache } from "./statements.ts";

export interface JobConditions {
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
}

/** One way to rows that come out newest first by an index; a query may need several, merged. */
interface Source {
  readonly from: string;
  readonly where: readonly string[];
  readonly params: readonly unknown[];
  /** What it is sorted by, where no index has that order: only for a source of few rows. */
  readonly sorted?: boolean;
}

const ALL_CODES = [0, 1, 2, 3, 4, 5, 6, 7];
/** More lanes than this are filtered row by row instead of merged. */
const MOST_LANES = 50;
/** Up to so many rows ended since a time are sorted; when there are more, the newest jobs are walked, most of which fit. */
const FEW_ENDED = 5_000;

/**
 * Finds the numbers of jobs newest first. Which index leads is decided here and not by SQLite's planner, which has no statistics: otherwise a
 * filter that fits few of millions of rows walks them all. State codes stand as literals, because only so a partial index is used; a `+` keeps
 * the planner from the index of a condition that only filters.
 */
export function findStore(db: Database) {
  const lanes = db.prepare("SELECT id, type FROM bq_lane");
  const endedSince = db
    .prepare("SELECT count(*) FROM (SELECT 1 FROM bq_job WHERE state >= 5 AND ended_at >= ? LIMIT +?)")
    .pluck();
  const atOrAfter = db.prepare("SELECT id, created_at AS at FROM bq_body WHERE id >= +? ORDER BY id LIMIT 1");
  const last = db.prepare("SELECT max(id) FROM bq_body").pluck();
  const statements = statementCache<ReturnType<Database["prepare"]>>();

  const cached = (sql: string) => statements(sql, () => db.prepare(sql).pluck());

  function laneIds(query: JobConditions): number[] | undefined {
    if (query.types === undefined && query.plugin === undefined) return undefined;
    const types = query.types && new Set(query.types);
    return (lanes.all() as { id: number; type: string }[])
      .filter(
        ({ type }) => (types?.has(type) ?? true) && (query.plugin === undefined || type.startsWith(`${query.plugin}:`)),
      )
      .map(({ id }) => id);
  }

  /** The first number that was given at or after a time: numbers ascend with it, so nothing before needs to be looked at. */
  function firstSince(time: number): number {
    let low = 1;
    let high = ((last.get() as number | null) ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = atOrAfter.get(middle) as { id: number; at: number } | undefined;
      if (row === undefined || row.at >= time) high = middle;
      else low = row.id + 1;
    }
    return low;
  }

  function sources(query: JobConditions): Source[] {
    const lane = laneIds(query);
    if (lane?.length === 0) return [];
    const codes = codesOf(query);
    const where: string[] = [];
    const params: unknown[] = [];
    const add = (condition: string, ...values: unknown[]) => {
      where.push(condition);
      params.push(...values);
    };
    let body = false;
    if (query.before !== undefined) add("j.id < +?", query.before);
    if (query.since !== undefined) add("j.id >= +?", firstSince(query.since));
    if (query.reason !== undefined) add("j.reason = +?", query.reason);
    if (query.batch === null) add("j.batch IS NULL");
    if (query.endedSince !== undefined) add("+j.state >= 5 AND +j.ended_at >= +?", query.endedSince);
    const filterStates = () => {
      if (codes.length < ALL_CODES.length) add(`+j.state IN (${codes.join(", ")})`);
    };
    const filterLanes = () => {
      if (lane) add(`+j.lane IN (${lane.join(", ")})`);
    };
    const filterPeople = () => {
      body = query.principal !== undefined || query.conversation !== undefined;
      if (query.principal !== undefined) add("+b.principal = +?", query.principal);
      if (query.conversation !== undefined) add("+b.conversation = +?", query.conversation);
    };
    const source = (lead: string, value?: unknown): Source => ({
      from: body ? "bq_job j CROSS JOIN bq_body b ON b.id = j.id" : "bq_job j",
      where: [lead, ...where],
      params: value === undefined ? params : [value, ...params],
    });

    if (typeof query.batch === "number") {
      filterLanes();
      filterPeople();
      return codes.map((code) => source(`j.batch = +? AND j.state = ${code}`, query.batch));
    }
    for (const person of ["conversation", "principal"] as const) {
      if (query[person] === undefined) continue;
      filterStates();
      filterLanes();
      if (person === "conversation" && query.principal !== undefined) add("+b.principal = +?", query.principal);
      const [by, value] = [`b.${person} = +?`, query[person]];
      const onBody = where.map((each) => (each.startsWith("j.id") ? each.replace("j.id", "b.id") : each));
      return [
        { from: "bq_body b CROSS JOIN bq_job j ON j.id = b.id", where: [by, ...onBody], params: [value, ...params] },
      ];
    }
    if (query.endedSince !== undefined && Number(endedSince.get(query.endedSince, FEW_ENDED)) < FEW_ENDED) {
      filterStates();
      filterLanes();
      return [{ ...source("j.state >= 5 AND j.ended_at >= +?", query.endedSince), sorted: true }];
    }
    // Completed jobs have no index by number: they are most of what there is, so a walk meets them.
    if (!codes.includes(5)) {
      filterLanes();
      return codes.map((code) => source(code < 5 ? `j.state = ${code} AND j.state < 5` : `j.state = ${code}`));
    }
    filterStates();
    if (lane && lane.length <= MOST_LANES) return lane.map((id) => source(`j.lane = ${id}`));
    filterLanes();
    return [source("1")];
  }

  function select(query: JobConditions, limit: number): { sql: string; params: unknown[] } | undefined {
    const found = sources(query);
    if (found.length === 0) return undefined;
    const parts = found.map(({ from, where, sorted }) => {
      const order = from.startsWith("bq_body") ? "b.id" : sorted ? "+j.id" : "j.id";
      return `SELECT id FROM (SELECT ${order} AS id FROM ${from} WHERE ${where.join(" AND ")} ORDER BY ${order} DESC LIMIT +?)`;
    });
    return {
      sql: `${parts.join(" UNION ALL ")} ORDER BY id DESC LIMIT +?`,
      params: [...found.flatMap(({ params }) => [...params, limit]), limit],
    };
  }

  return {
    numbers(query: JobConditions, limit: number): number[] {
      if (query.ids) return [...query.ids];
      const { sql, params = [] } = select(query, limit) ?? {};
      return sql === undefined ? [] : (cached(sql).all(params) as number[]);
    },
    /** Counts up to a cap. */
    count(query: JobConditions, cap: number): number {
      const { sql, params = [] } = select(query, cap) ?? {};
      return sql === undefined ? 0 : (cached(`SELECT count(*) FROM (${sql})`).get(params) as number);
    },
  };
}

function codesOf(query: JobConditions): number[] {
  const wanted = query.states === undefined ? ALL_CODES : [...new Set(query.states.flatMap(jobCodes))];
  return wanted.filter((code) => query.active === undefined || query.active === code < 5);
}
