import { join } from "node:path";
import { below } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { fill, openQueue } from "../contenders/queue.ts";
import { TYPES, buildApart, typeName } from "../history-store.ts";
import { RESULT } from "../payload.ts";

const MB = 1024 * 1024;
const PRODUCER = "enqueues them all";
const WORKER = "works on them";
const RUN = 10_000;

export const memory: Benchmark = {
  name: "memory",
  title: "Memory with 1 000 000 jobs queued",
  description: `Resident memory of a process that enqueues them, 1 000 per call, and of one that opens a store where they wait and runs ${RUN.toLocaleString("en").replace(",", " ")} of them. Nothing is forced out by a garbage collection.`,
  variants: () => [PRODUCER, WORKER],
  figures: {
    rss: { label: "MB resident", unit: "MB", better: "lower" },
    before: { label: "MB before the store was opened", unit: "MB", better: "lower" },
    heap: { label: "MB of JavaScript in use", unit: "MB", better: "lower" },
  },
  aims: [below("MB", 250, (medians) => Math.max(...[...medians.values()].map(({ rss = NaN }) => rss)))],
  size: { kind: "fixed", full: 1_000_000, quick: 100_000, tiny: 500 },
  rounds: 1,
  async measure(variant, { folder, count }) {
    if (variant === WORKER) await buildApart(join(folder, "queue.db"), 0, count);
    const before = process.memoryUsage.rss() / MB;
    const queue = await openQueue(folder);
    try {
      if (variant === PRODUCER) await fill(queue, count);
      else await runSome(Math.min(RUN, count / TYPES));
      const { rss, heapUsed } = process.memoryUsage();
      return { rss: rss / MB, before, heap: heapUsed / MB };
    } finally {
      await queue.stop({ grace: 0 });
    }

    async function runSome(jobs: number): Promise<void> {
      let left = jobs;
      const ran = new Promise<void>((resolve) => {
        queue.registerHandler(typeName(1), {
          process: async () => {
            if (--left === 0) resolve();
            return RESULT;
          },
        });
      });
      await queue.start();
      await ran;
    }
  },
};
