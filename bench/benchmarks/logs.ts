import { atLeast, figureOf, none } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { JOBS, TICK_MS, talk } from "./talking-jobs.ts";

const LINES = 10;

export const logs: Benchmark = {
  name: "logs",
  title: "100 000 log lines a second",
  description: `${JOBS} running jobs write ${LINES} lines of 60 characters every ${TICK_MS} ms; the time ends when all lines are stored.`,
  variants: () => ["queue"],
  figures: {
    rate: { label: "lines/s", unit: "/s", better: "higher" },
    lost: { label: "lines lost", unit: "lines", better: "lower" },
    gap: { label: "longest event-loop gap, ms", unit: "ms", better: "lower" },
    cpu: { label: "share of one processor", unit: "", better: "lower" },
  },
  aims: [atLeast("lines/s", 90_000, figureOf("queue", "rate")), none("lines lost", figureOf("queue", "lost"))],
  size: { kind: "fixed", full: 300, quick: 100, tiny: 5 },
  rounds: 3,
  async measure(_variant, { folder, count }) {
    const text = "x".repeat(60);
    const talked = await talk(folder, count, (job) => {
      for (let line = 0; line < LINES; line++) job.log(text, "stdout");
      return LINES;
    });
    const { queue, numbers, calls, seconds, gap, cpu } = talked;
    try {
      let stored = 0;
      for (const number of numbers) {
        for (let after: string | undefined, ended = false; !ended;) {
          const page = await queue.service.logs(number, { after, limit: 10_000 });
          stored += page.lines.length;
          after = page.cursor;
          ended = page.ended;
        }
      }
      return { rate: calls / seconds, lost: calls - stored, gap, cpu };
    } finally {
      await queue.stop();
    }
  },
};
