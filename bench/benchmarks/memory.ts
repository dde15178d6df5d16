import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { fill, openQueue } from "../contenders/queue.ts";
import { RESULT, TYPE } from "../payload.ts";

const MB = 1024 * 1024;

export const memory: Benchmark = {
  name: "memory",
  title: "Memory with 1 000 000 jobs queued",
  description:
    "Resident memory of a process that enqueued them all (1 000 per call), then started a worker and ran 10 000 of them; nothing is forced out by a garbage collection.",
  variants: () => ["queue"],
  figures: {
    rss: { label: "MB resident", unit: "MB", better: "lower" },
    before: { label: "MB before", unit: "MB", better: "lower" },
    file: { label: "MB of file", unit: "MB", better: "lower" },
  },
  aims: [below("MB", 250, figureOf("queue", "rss"))],
  size: { kind: "fixed", full: 1_000_000, quick: 100_000, tiny: 500 },
  rounds: 1,
  async measure(_variant, { folder, count }) {
    const queue = await openQueue(folder);
    try {
      const before = process.memoryUsage.rss() / MB;
      await fill(queue, count);
      let left = Math.min(10_000, count / 2);
      const ran = new Promise<void>((resolve) => {
        queue.registerHandler(TYPE, {
          process: async () => {
            if (--left === 0) resolve();
            return RESULT;
          },
        });
      });
      await queue.start();
      await ran;
      const rss = process.memoryUsage.rss() / MB;
      return { rss, before, file: (await queue.stats()).bytes / MB };
    } finally {
      await queue.stop({ grace: 0 });
    }
  },
};
