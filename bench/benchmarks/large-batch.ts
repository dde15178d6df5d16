import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { Signal } from "../contender.ts";
import { openQueue } from "../contenders/queue.ts";
import { watchLoop } from "../loop-gap.ts";
import { RESULT, TYPE, payload } from "../payload.ts";

export const largeBatch: Benchmark = {
  name: "large-batch",
  title: "A batch of 100 000 jobs",
  description: "One call of `enqueueBatch`, all or none, while the worker runs; then until the batch has completed.",
  variants: () => ["queue"],
  figures: {
    gap: { label: "longest event-loop gap, ms", unit: "ms", better: "lower" },
    enqueue: { label: "enqueue, ms", unit: "ms", better: "lower" },
    rate: { label: "jobs/s until completed", unit: "/s", better: "higher" },
  },
  aims: [below("gap", 150, figureOf("queue", "gap"))],
  size: { kind: "fixed", full: 100_000, quick: 20_000, tiny: 100 },
  rounds: 3,
  async measure(_variant, { folder, count }) {
    const queue = await openQueue(folder);
    const signal = new Signal();
    queue.registerHandler(TYPE, {
      process: async () => {
        signal.ring();
        return RESULT;
      },
    });
    try {
      await queue.start();
      const operations = Array.from({ length: count }, (_, n) => ({ type: TYPE, data: payload(n) }));
      const done = signal.times(count);
      const loop = watchLoop();
      const from = performance.now();
      const { batchId } = await queue.enqueueBatch(operations, { label: "large" });
      const enqueue = performance.now() - from;
      await done;
      const batch = await queue.batches.wait(batchId);
      const all = performance.now() - from;
      const gap = loop.end();
      if (batch.status !== "completed" || batch.completedOperations !== count)
        throw new Error(`The batch is ${batch.status} with ${batch.completedOperations} of ${count}.`);
      return { gap, enqueue, rate: (count / all) * 1_000 };
    } finally {
      await queue.stop();
    }
  },
};
