import { below, figureOf } from "../aims.ts";
import type { Benchmark, Figure } from "../benchmark.ts";
import { contender, names } from "../contenders/index.ts";
import { percentile } from "../statistics.ts";

export const LATENCIES: Readonly<Record<string, Figure>> = {
  p50: { label: "p50 ms", unit: "ms", better: "lower" },
  p99: { label: "p99 ms", unit: "ms", better: "lower" },
};

export const latency: Benchmark = {
  name: "latency",
  title: "Enqueue → start of the handler, idle queue, one process, `process`",
  description:
    "One job at a time, with a pause of 2 ms after each: from the call of `enqueue` to the first line of the handler.",
  variants: () => names().filter((name) => name !== "raw"),
  contest: true,
  figures: LATENCIES,
  aims: [below("p50", 0.5, figureOf("queue", "p50")), below("p99", 3, figureOf("queue", "p99"))],
  size: { kind: "fixed", full: 1_000, quick: 200, tiny: 20 },
  async measure(variant, tools) {
    const session = await contender(variant).open(tools, "process");
    try {
      const found = (await session.latencies?.(tools.count)) ?? [];
      return { p50: percentile(found, 0.5), p99: percentile(found, 0.99) };
    } finally {
      await session.close();
    }
  },
};
