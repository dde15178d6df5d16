import { createRequire } from "node:module";
import type * as Croner from "croner";
import { JobQueueError } from "./errors.ts";

// Loaded with the first cron expression, so that a queue without schedules does not pay for it.
const require = createRequire(import.meta.url);
let croner: typeof Croner | undefined;

/** When a schedule comes due: by cron expression and time zone, or every so many milliseconds. */
export type Timing =
  | { readonly cron: string; readonly timezone: string; readonly every: null }
  | { readonly cron: null; readonly timezone: null; readonly every: number };

function pattern(cron: string, timezone: string): Croner.Cron {
  croner ??= require("croner") as typeof Croner;
  return new croner.Cron(cron, { timezone, mode: "5-or-6-parts" });
}

/** Throws INVALID_OPTION for an expression or time zone that is none, and for one that never comes due. */
export function assertCron(cron: string, timezone: string, now: number): void {
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone }).format(now);
  } catch {
    throw new JobQueueError("INVALID_OPTION", `"${timezone}" is not a time zone. Use a name such as "Europe/Berlin".`);
  }
  let next: Date | null;
  try {
    next = pattern(cron, timezone).nextRun(new Date(now));
  } catch (error) {
    const said = (error as Error).message.replace(/^CronPattern: /, "");
    throw new JobQueueError("INVALID_OPTION", `"${cron}" is not a cron expression: ${said}`);
  }
  if (next === null) throw new JobQueueError("INVALID_OPTION", `"${cron}" never comes due.`);
}

/** The first time after `after`, or null if there is none. */
export function slotAfter(timing: Timing, after: number): number | null {
  if (timing.every !== null) return after + timing.every;
  return pattern(timing.cron, timing.timezone).nextRun(new Date(after))?.getTime() ?? null;
}

/** The newest `most` times from `first` (which is one) to `now`, oldest first. Costs as much as it returns, however long ago `first` was. */
export function slotsBetween(timing: Timing, first: number, now: number, most: number): number[] {
  if (timing.every !== null) {
    const { every } = timing;
    const count = Math.floor((now - first) / every) + 1;
    const skipped = Math.max(0, count - most);
    return Array.from({ length: count - skipped }, (_, i) => first + (skipped + i) * every);
  }
  // A second on, because croner's times are whole seconds and the reference itself is left out.
  return pattern(timing.cron, timing.timezone)
    .previousRuns(most + 1, new Date(now + 1_000))
    .map((date) => date.getTime())
    .filter((slot) => slot >= first && slot <= now)
    .slice(0, most)
    .reverse();
}

/** The next `count` times, `first` included. */
export function slotsFrom(timing: Timing, first: number | null, count: number): number[] {
  const slots: number[] = [];
  for (let slot = first; slot !== null && slots.length < count; slot = slotAfter(timing, slot)) slots.push(slot);
  return slots;
}
