import { atLeast, figureOf, none } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { JOBS, TICK_MS, talk } from "./talking-jobs.ts";

export const progress: Benchmark = {
  name: "progress",
  title: "Progress 10 000 times a second from 100 jobs",
  description: `${JOBS} running jobs state progress every ${TICK_MS} ms. What comes faster than it is written is coalesced; the last value of each job must be in the store at its end.`,
  variants: () => ["queue"],
  figures: {
    missing: { label: "jobs whose last value is missing", unit: "jobs", better: "lower" },
    rate: { label: "calls/s", unit: "/s", better: "higher" },
    gap: { label: "longest event-loop gap, ms", unit: "ms", better: "lower" },
    cpu: { label: "share of one processor", unit: "", better: "lower" },
  },
  aims: [
    atLeast("calls/s", 9_000, figureOf("queue", "rate")),
    none("last values missing", figureOf("queue", "missing")),
  ],
  size: { kind: "fixed", full: 300, quick: 100, tiny: 10 },
  rounds: 3,
  async measure(_variant, { folder, count }) {
    const talked = await talk(folder, count, (job, tick) => {
      job.progress({ current: tick, total: count, unit: "ticks" });
      return 1;
    });
    const { queue, numbers, calls, seconds, gap, cpu } = talked;
    try {
      let missing = 0;
      for (const number of numbers) {
        const job = await queue.service.getStatus(number);
        if (job?.progress?.current !== count) missing += 1;
      }
      return { missing, rate: calls / seconds, gap, cpu };
    } finally {
      await queue.stop();
    }
  },
};
