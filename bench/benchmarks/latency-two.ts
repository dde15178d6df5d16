import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { pause } from "../contender.ts";
import { openQueue } from "../contenders/queue.ts";
import { TYPE, payload } from "../payload.ts";
import { type Report, SecondProcess, millisecondsSince, monotonic } from "../second-process.ts";
import { percentile } from "../statistics.ts";
import { LATENCIES } from "./latency.ts";

export const latencyTwo: Benchmark = {
  name: "latency-two",
  title: "Enqueue → start of the handler, idle queue, in another process, `process`",
  description:
    "One process enqueues one job at a time, with a pause of 2 ms after each has started; the worker is in a second process.",
  variants: () => ["queue"],
  figures: LATENCIES,
  aims: [below("p50", 3, figureOf("queue", "p50")), below("p99", 15, figureOf("queue", "p99"))],
  size: { kind: "fixed", full: 1_000, quick: 200, tiny: 5 },
  async measure(_variant, { folder, count }) {
    const queue = await openQueue(folder);
    const second = await SecondProcess.start(folder);
    try {
      const found: number[] = [];
      for (let n = 0; n < count; n++) {
        const started = new Promise<Report>((resolve) => {
          second.onReport = resolve;
        });
        const from = monotonic();
        await queue.enqueue(TYPE, payload(n));
        found.push(millisecondsSince(from, BigInt((await started).at)));
        await pause(2);
      }
      return { p50: percentile(found, 0.5), p99: percentile(found, 0.99) };
    } finally {
      await second.kill();
      await queue.stop();
    }
  },
};
