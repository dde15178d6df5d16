import type { RateLimit } from "../options.ts";
import type { StoreContext } from "./tick.ts";

export type Rates = ReturnType<typeof rateStore>;

/** Starts are kept in this many parts of the window, each counted as if at the part's end: exact limits for at most 1 % of the time. */
const PARTS = 100;

type Starts = [end: number, count: number][];

/**
 * Starts of rate-limited types, shared by all processes: in no window of `per` milliseconds do more than `limit` jobs start. Each process
 * applies the policy that its own handler was given.
 */
export function rateStore({ db, tick }: Pick<StoreContext, "db" | "tick">) {
  const read = db.prepare("SELECT starts FROM bq_rate WHERE lane = ?").pluck();
  const write = db.prepare(
    "INSERT INTO bq_rate (lane, starts) VALUES (?, ?) ON CONFLICT DO UPDATE SET starts = excluded.starts",
  );

  /** Those that still count. A start that seems to be in the future was before the clock was set back, and counts as of now. */
  function inWindow(lane: number, rate: RateLimit): Starts {
    const stored = read.get(lane) as string | undefined;
    if (stored === undefined) return [];
    const latest = partEnd(rate);
    const starts = JSON.parse(stored) as Starts;
    const dated = starts.map(([end, count]): Starts[number] => [Math.min(end, latest), count]);
    if (starts.some(([end]) => end > latest)) write.run(lane, JSON.stringify(dated));
    return dated.filter(([end]) => end > tick.now - rate.per);
  }

  const partEnd = (rate: RateLimit): number => {
    const part = Math.max(1, Math.floor(rate.per / PARTS));
    return Math.ceil(tick.now / part) * part;
  };
  const sum = (starts: Starts): number => starts.reduce((all, [, count]) => all + count, 0);

  return {
    /** How many may start now. */
    left: (lane: number, rate: RateLimit): number => Math.max(0, rate.limit - sum(inWindow(lane, rate))),

    /** Notes that so many were started. */
    started(lane: number, rate: RateLimit, count: number): void {
      const starts = inWindow(lane, rate);
      const end = partEnd(rate);
      const last = starts.at(-1);
      if (last?.[0] === end) last[1] += count;
      else starts.push([end, count]);
      write.run(lane, JSON.stringify(starts));
    },

    /** When the next one may start, if none may now. */
    freeAt(lane: number, rate: RateLimit): number {
      let over = sum(inWindow(lane, rate)) - rate.limit;
      for (const [end, count] of inWindow(lane, rate)) {
        over -= count;
        if (over < 0) return end + rate.per;
      }
      return tick.now;
    },
  };
}
