import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { Signal, inCalls } from "../contender.ts";
import { openQueue, untilIdle } from "../contenders/queue.ts";
import { watchLoop } from "../loop-gap.ts";
import { RESULT, TYPE, payload } from "../payload.ts";

export const dueAtOnce: Benchmark = {
  name: "due-at-once",
  title: "100 000 delayed jobs become due at once",
  description:
    "All with the same `runAt`, a second after the last was enqueued; the worker runs, concurrency 100; no-op jobs.",
  variants: () => ["queue"],
  figures: {
    rate: { label: "jobs/s from the due time", unit: "/s", better: "higher" },
    first: { label: "first start, ms after due", unit: "ms", better: "lower" },
    gap: { label: "longest event-loop gap, ms", unit: "ms", better: "lower" },
  },
  aims: [below("gap", 150, figureOf("queue", "gap"))],
  size: { kind: "fixed", full: 100_000, quick: 10_000, tiny: 100 },
  rounds: 3,
  async measure(_variant, { folder, count }) {
    const queue = await openQueue(folder);
    const signal = new Signal();
    let firstAt = 0;
    queue.registerHandler(TYPE, {
      process: async () => {
        firstAt ||= Date.now();
        signal.ring();
        return RESULT;
      },
    });
    try {
      // Far enough that everything is enqueued by then.
      const runAt = Date.now() + 1_000 + count / 20;
      await inCalls(count, 1_000, (first, size) =>
        queue.service.enqueueMany(
          Array.from({ length: size }, (_, n) => ({ type: TYPE, data: payload(first + n), runAt })),
        ),
      );
      if (Date.now() > runAt) throw new Error("It took too long to enqueue them: some were due before.");
      const done = signal.times(count);
      await queue.start();
      const loop = watchLoop();
      await done;
      await untilIdle(queue);
      return { rate: (count / (Date.now() - runAt)) * 1_000, first: firstAt - runAt, gap: loop.end() };
    } finally {
      await queue.stop();
    }
  },
};
