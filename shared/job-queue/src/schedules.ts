import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import type { Origin } from "./job.ts";
import type { Backoff, EnqueuedJob, NewJob } from "./options.ts";
import type { Ports } from "./ports.ts";
import { ScheduleRunner, jobRow, timingOf } from "./schedule-runner.ts";
import { type Timing, assertCron, slotAfter, slotsFrom } from "./slots.ts";
import { type NewSchedule, SCHEDULE_ACTIVE, SCHEDULE_PAUSED, type ScheduleRow } from "./store/schedule.ts";
import { LATEST_MS, type Registered, invalid, oneOf, prepareJob, text, toJson, wholeNumber } from "./validate.ts";

/** What is made up for when no worker ran at its time. */
export type MissedPolicy = "skip" | "once" | { readonly all: number };
/** What happens when the job of the last firing has not ended. */
export type OverlapPolicy = "skip" | "queue" | "parallel";

/** A recurring enqueue: give `cron` or `every`. */
export interface ScheduleDefinition {
  /** Unique in a store: letters, digits, "-", "_", "." and ":". */
  readonly name: string;
  /** Five fields (minute to weekday), six with seconds first, or a name such as "@daily". */
  readonly cron?: string | undefined;
  /** An IANA name. Default: the time zone of the process that defines the schedule. */
  readonly timezone?: string | undefined;
  /** Milliseconds from one time to the next, at least 1 000. */
  readonly every?: number | undefined;
  /** The type of the job to enqueue. */
  readonly job: string;
  readonly data?: unknown;
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  readonly priority?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly timeout?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** Default: the schedule itself, as `schedule:<name>`. */
  readonly origin?: Origin | undefined;
  /** `skip`: nothing. `once` (default): one job, however many times were missed. `{ all: n }`: a job for each of the newest n. */
  readonly missed?: MissedPolicy | undefined;
  /** `skip` (default): this time is left out. `queue`: the new job starts after the last one ended. `parallel`: both run. */
  readonly overlap?: OverlapPolicy | undefined;
}

/** A schedule as it stands. Times are milliseconds since the epoch. */
export interface ScheduleInfo {
  readonly name: string;
  /** Who declared it and may take it back; undefined for one made by hand. */
  readonly owner?: string | undefined;
  readonly cron?: string | undefined;
  readonly timezone?: string | undefined;
  readonly every?: number | undefined;
  readonly job: string;
  readonly data?: unknown;
  readonly label?: string | undefined;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly paused: boolean;
  /** Undefined while paused, and when the expression never comes due again. */
  readonly nextAt?: number | undefined;
  /** When it fired last, and the number of the job that this made. */
  readonly lastAt?: number | undefined;
  readonly lastJob?: number | undefined;
  readonly createdAt: number;
}

export interface ScheduleSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly handlers: ReadonlyMap<string, Registered>;
  readonly maxBytes: number;
  readonly internalError: (error: unknown, where: string) => void;
}

const NAME = /^[a-z0-9][a-z0-9_.:-]{0,199}$/i;
const SHORTEST_MS = 1_000;
const MOST_MADE_UP = 1_000;

/** Recurring enqueues. Rows of the store, so any process may change them; the queues that run a worker fire them, each time exactly once. */
export class Schedules {
  readonly #setting: ScheduleSetting;
  readonly runner: ScheduleRunner;

  constructor(setting: ScheduleSetting) {
    this.#setting = setting;
    this.runner = new ScheduleRunner(setting);
  }

  /** Makes a schedule, or changes the one of this name. Throws INVALID_OPTION, INVALID_DATA, TOO_LARGE, INVALID_STATE (the name is a plugin's). */
  async set(definition: ScheduleDefinition): Promise<ScheduleInfo> {
    return this.#put(definition, null);
  }

  /** Makes the schedules of an owner those given: others of it are deleted. What people paused stays paused. */
  async reconcile(owner: string, definitions: readonly ScheduleDefinition[]): Promise<ScheduleInfo[]> {
    text("owner", owner);
    const rows = definitions.map((definition) => this.#row(definition, owner));
    const names = new Set(rows.map(({ name }) => name));
    if (names.size < rows.length) invalid("The names of the schedules", [...names], "different from one another");
    const { engine } = this.#setting;
    const known = engine.queries.schedules();
    // Every process that loads the owner's code comes here, so what is as it should be costs no transaction.
    const changed = rows.filter((row) => !known.some((one) => isSame(one, row)));
    const gone = known.filter((row) => row.owner === owner && !names.has(row.name));
    await Promise.all([
      ...changed.map((row) => engine.submit("putSchedule", row)),
      ...gone.map((row) => engine.submit("dropSchedule", row.id)),
    ]);
    if (changed.length + gone.length > 0) this.runner.wake();
    return (await this.list()).filter((schedule) => schedule.owner === owner);
  }

  /** All of them, by name. */
  async list(): Promise<ScheduleInfo[]> {
    return this.#setting.engine.queries.schedules().map(infoOf);
  }

  /** Null if there is none of this name. */
  async get(name: string): Promise<ScheduleInfo | null> {
    const row = this.#setting.engine.queries.schedule(name);
    return row ? infoOf(row) : null;
  }

  /** The next times, at most 1 000; none while it is paused. Throws SCHEDULE_NOT_FOUND. */
  async nextRuns(name: string, count = 5): Promise<number[]> {
    const row = this.#require(name);
    return slotsFrom(timingOf(row), row.nextAt, wholeNumber("count", count, 0, 1_000));
  }

  /** It does not fire until `unpause`; jobs that it made go on. */
  async pause(name: string): Promise<void> {
    const { id } = this.#require(name);
    await this.#setting.engine.submit("setScheduleState", { id, state: SCHEDULE_PAUSED, nextAt: null });
  }

  /** It fires again from now on; times that passed meanwhile are not made up for. */
  async unpause(name: string): Promise<void> {
    const row = this.#require(name);
    if (row.state === SCHEDULE_ACTIVE) return;
    const nextAt = slotAfter(timingOf(row), this.#setting.ports.clock.now());
    await this.#setting.engine.submit("setScheduleState", { id: row.id, state: SCHEDULE_ACTIVE, nextAt });
    this.runner.wake();
  }

  /** Enqueues its job now, besides its times. Throws INVALID_STATE when its last job has not ended and they do not overlap. */
  async run(name: string): Promise<EnqueuedJob> {
    const row = this.#require(name);
    const made = await this.#setting.engine.submit("runSchedule", {
      id: row.id,
      row: jobRow(this.#setting, row, null),
    });
    return { jobId: made.id, number: made.number, duplicate: false };
  }

  /** Jobs that it made stay. Throws SCHEDULE_NOT_FOUND. */
  async delete(name: string): Promise<void> {
    await this.#setting.engine.submit("dropSchedule", this.#require(name).id);
  }

  async #put(definition: ScheduleDefinition, owner: string | null): Promise<ScheduleInfo> {
    const row = this.#row(definition, owner);
    await this.#setting.engine.submit("putSchedule", row);
    this.runner.wake();
    return infoOf(this.#require(row.name));
  }

  #require(name: string): ScheduleRow {
    const row = this.#setting.engine.queries.schedule(name);
    if (!row) throw new JobQueueError("SCHEDULE_NOT_FOUND", `There is no schedule ${JSON.stringify(name)}.`);
    return row;
  }

  #row(definition: ScheduleDefinition, owner: string | null): NewSchedule {
    if (typeof definition !== "object" || definition === null) invalid("A schedule", definition, "an object");
    const { name, cron, every, timezone, job: type, missed = "once", overlap = "skip", ...rest } = definition;
    if (typeof name !== "string" || !NAME.test(name))
      invalid("The name of a schedule", name, 'of letters, digits, "-", "_", "." and ":"');
    const { ports, handlers, maxBytes } = this.#setting;
    const now = ports.clock.now();
    const timing = timingGiven(name, cron, every, timezone, now);
    const { data, label, unit, priority, maxAttempts, timeout, backoff } = rest;
    const origin: Origin = rest.origin ?? { principal: `schedule:${name}`, interface: "schedule" };
    const job: NewJob = { type, data, label, unit, priority, maxAttempts, timeout, backoff, origin };
    prepareJob(job, handlers.get(type), now, maxBytes);
    const all = typeof missed === "object" && missed !== null;
    return {
      name,
      owner,
      ...timing,
      job: toJson(job, `The schedule ${name}`, maxBytes * 2),
      missed: all ? "all" : oneOf("missed", missed, ["skip", "once"]),
      most: all ? wholeNumber("missed.all", missed.all, 1, MOST_MADE_UP) : 1,
      overlap: oneOf("overlap", overlap, ["skip", "queue", "parallel"]),
      nextAt: slotAfter(timing, now),
    };
  }
}

function isSame(known: ScheduleRow, wanted: NewSchedule): boolean {
  return Object.entries(wanted).every(([key, value]) => key === "nextAt" || known[key as keyof NewSchedule] === value);
}

function timingGiven(
  name: string,
  cron: string | undefined,
  every: number | undefined,
  timezone: string | undefined,
  now: number,
): Timing {
  if ((cron === undefined) === (every === undefined))
    throw new JobQueueError("INVALID_OPTION", `Give the schedule "${name}" either cron or every.`);
  if (every !== undefined) {
    if (timezone !== undefined)
      throw new JobQueueError(
        "INVALID_OPTION",
        `A time zone means nothing to the schedule "${name}", which has every.`,
      );
    return { cron: null, timezone: null, every: wholeNumber("every", every, SHORTEST_MS, LATEST_MS - now) };
  }
  const zone = timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (typeof cron !== "string" || cron.length > 200) invalid("cron", cron, "a cron expression");
  if (typeof zone !== "string") invalid("timezone", zone, "the name of a time zone");
  assertCron(cron, zone, now);
  return { cron, timezone: zone, every: null };
}

function infoOf(row: ScheduleRow): ScheduleInfo {
  const { type, data, label } = JSON.parse(row.job) as NewJob;
  return {
    name: row.name,
    owner: row.owner ?? undefined,
    cron: row.cron ?? undefined,
    timezone: row.timezone ?? undefined,
    every: row.every ?? undefined,
    job: type,
    data,
    label,
    missed: row.missed === "all" ? { all: row.most } : (row.missed as "skip" | "once"),
    overlap: row.overlap as OverlapPolicy,
    paused: row.state === SCHEDULE_PAUSED,
    nextAt: row.nextAt ?? undefined,
    lastAt: row.lastAt ?? undefined,
    lastJob: row.lastJob ?? undefined,
    createdAt: row.createdAt,
  };
}
