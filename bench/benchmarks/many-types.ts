import type { Benchmark } from "../benchmark.ts";
import { Signal, timed } from "../contender.ts";
import { openQueue, untilIdle } from "../contenders/queue.ts";
import { RESULT, payload } from "../payload.ts";
import { JOBS_PER_SECOND, perJob } from "./rates.ts";

const TYPES = 50;
const ONE = "1 type";
const MANY = `${TYPES} types`;

export const manyTypes: Benchmark = {
  name: "many-types",
  title: "50 job types with different limits",
  description: `No-op jobs of ${TYPES} types that may run 1, 2, … ${TYPES} at once, evenly mixed, beside as many of one type without a limit; concurrency 100. No limit is exceeded, or the run fails.`,
  variants: () => [ONE, MANY],
  figures: JOBS_PER_SECOND,
  size: { kind: "timed", start: 1_000, most: 300_000 },
  async measure(variant, { folder, count }) {
    const types = variant === MANY ? TYPES : 1;
    const queue = await openQueue(folder);
    const signal = new Signal();
    for (let at = 1; at <= types; at++) {
      let running = 0;
      queue.registerHandler(
        `bench:type-${at}`,
        {
          process: async () => {
            running += 1;
            if (types > 1 && running > at) throw new Error(`${running} jobs of a type run that may run ${at} at once.`);
            await Promise.resolve();
            running -= 1;
            signal.ring();
            return RESULT;
          },
        },
        types > 1 ? { concurrency: at, maxAttempts: 1 } : {},
      );
    }
    try {
      for (let from = 0; from < count; from += 1_000) {
        const size = Math.min(1_000, count - from);
        await queue.service.enqueueMany(
          Array.from({ length: size }, (_, n) => ({
            type: `bench:type-${((from + n) % types) + 1}`,
            data: payload(n),
          })),
        );
      }
      const done = signal.times(count);
      const took = await timed(async () => {
        await queue.start();
        await done;
        await untilIdle(queue);
      });
      const failed = await queue.service.count({ state: "failed" });
      if (failed.count > 0) throw new Error("A limit was exceeded.");
      return perJob(took, count);
    } finally {
      await queue.stop();
    }
  },
};
