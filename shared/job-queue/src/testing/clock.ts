import type { Clock } from "../ports.ts";

export interface ManualClock extends Clock {
  /** Moves time on and fires what became due, in order; then lets everything that follows from it happen. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock without firing timers, as an administrator would. */
  set(now: number): void;
}

/** A clock that stands still until it is told to move. Default start: 2026-01-01T00:00:00Z. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let elapsed = 0;
  const timers = new Set<{ due: number; callback: () => void }>();
  return {
    now: () => now,
    timer(ms, callback) {
      const timer = { due: elapsed + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    set(value) {
      now = value;
    },
    async advance(ms) {
      const until = elapsed + ms;
      for (;;) {
        const next = [...timers].filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due)[0];
        const step = (next ? Math.max(next.due, elapsed) : until) - elapsed;
        elapsed += step;
        now += step;
        if (!next) break;
        timers.delete(next);
        next.callback();
        await turns();
      }
      await turns();
    },
  };
}

/** Lets the event loop go round: commits, and what follows from them, happen. */
export async function turns(count = 8): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
