import type { NewJob } from "./options.ts";
import type { ScheduleSetting } from "./schedules.ts";
import { type Timing, slotAfter, slotsBetween } from "./slots.ts";
import type { JobRow } from "./store/enqueue.ts";
import { SCHEDULE_ACTIVE, type ScheduleRow } from "./store/schedule.ts";
import { prepareJob } from "./validate.ts";

/** Longest sleep: the system's clock may be set meanwhile, and timers do not know. */
const LONGEST_MS = 60_000;
/** A time that is seen later than this was missed, e.g. because no worker ran. */
const MISSED_MS = 60_000;

export const timingOf = ({ cron, timezone, every }: ScheduleRow): Timing =>
  every === null
    ? { cron: cron as string, timezone: timezone as string, every: null }
    : { cron: null, timezone: null, every };

/** The job of a firing. Its data was checked when the schedule was made; if it does not fit today's handler, the job says so when it runs. */
export function jobRow(setting: ScheduleSetting, { job }: ScheduleRow, slot: number | null): JobRow {
  const { handlers, ports, maxBytes } = setting;
  const wanted = JSON.parse(job) as NewJob;
  const known = handlers.get(wanted.type);
  const policy = known && { ...known, handler: { process: known.handler.process }, options: { ...known.options } };
  if (policy) delete (policy.options as { schema?: unknown }).schema;
  return prepareJob(slot === null ? wanted : { ...wanted, runAt: slot }, policy, ports.clock.now(), maxBytes);
}

/** Fires the schedules of the store while a worker runs. Every such process tries; the store lets one of them. */
export class ScheduleRunner {
  readonly #setting: ScheduleSetting;
  #running = false;
  #cancel: (() => void) | undefined;
  /** What the timer was set for. */
  #armed: number | null = null;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(setting: ScheduleSetting) {
    this.#setting = setting;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  /** Schedules were changed here. */
  wake(): void {
    if (!this.#running) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#cancel?.();
    this.#looking = this.#look()
      .catch((error: unknown) => this.#setting.internalError(error, "the schedules"))
      .finally(() => {
        this.#looking = undefined;
        if (this.#again) {
          this.#again = false;
          this.wake();
        } else this.#arm();
      });
  }

  /** Another process wrote: perhaps a schedule. */
  foreign(): void {
    if (this.#running && !this.#looking && this.#setting.engine.queries.nextSchedule() !== this.#armed) this.wake();
  }

  #arm(): void {
    if (!this.#running) return;
    const { engine, ports, internalError } = this.#setting;
    try {
      this.#armed = engine.queries.nextSchedule();
    } catch (error) {
      internalError(error, "the schedules");
    }
    this.#cancel?.();
    const wait = this.#armed === null ? LONGEST_MS : Math.max(0, this.#armed - ports.clock.now());
    this.#cancel = ports.clock.timer(Math.min(wait, LONGEST_MS), () => this.wake());
  }

  async #look(): Promise<void> {
    const { engine, ports, internalError } = this.#setting;
    for (const row of engine.queries.schedules()) {
      const now = ports.clock.now();
      if (!this.#running || row.state !== SCHEDULE_ACTIVE) continue;
      try {
        if (row.nextAt !== null && row.nextAt <= now) await this.#fire(row, row.nextAt, now);
        else if (row.lastSlot !== null && row.lastSlot > now) await this.#setBack(row, now);
      } catch (error) {
        // One that cannot be fired must not keep the others from it.
        internalError(error, `the schedule ${row.name}`);
      }
    }
  }

  async #fire(row: ScheduleRow, seen: number, now: number): Promise<void> {
    const timing = timingOf(row);
    let slots = slotsBetween(timing, seen, now, row.most);
    if (row.missed === "skip") slots = slots.filter((slot) => now - slot <= MISSED_MS);
    const jobs = slots.map((slot) => ({ slot, row: jobRow(this.#setting, row, slot) }));
    // From the newest time that has passed, so that an interval keeps its beat.
    const newest = slotsBetween(timing, seen, now, 1)[0] ?? seen;
    await this.#setting.engine.submit("fireSchedule", { id: row.id, seen, nextAt: slotAfter(timing, newest), jobs });
  }

  /** The clock was set back behind the last firing: times that were taken are not taken twice, and the others are not waited out. */
  async #setBack(row: ScheduleRow, now: number): Promise<void> {
    const { engine } = this.#setting;
    const timing = timingOf(row);
    const taken = new Set(timing.every === null ? engine.queries.firedAfter(row.id, now) : []);
    let nextAt = slotAfter(timing, now);
    while (nextAt !== null && taken.has(nextAt)) nextAt = slotAfter(timing, nextAt);
    if (row.nextAt === null || nextAt === null || nextAt >= row.nextAt) return;
    await engine.submit("moveSchedule", { id: row.id, seen: row.nextAt, nextAt });
  }
}
