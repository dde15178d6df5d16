import type { Benchmark, Durability } from "../benchmark.ts";
import { beside } from "../aims.ts";
import { contender, names } from "../contenders/index.ts";
import { JOBS_PER_SECOND, perJob } from "./rates.ts";

function processJobs(durability: Durability): Benchmark {
  const power = durability === "power";
  return {
    name: power ? "process-power" : "process",
    title: `Process no-op jobs end to end, \`${durability}\``,
    description:
      "Jobs that wait are run by one process, until the last one is stored as completed, with its result and its place in the journal where there is one.",
    variants: names,
    contest: true,
    figures: JOBS_PER_SECOND,
    aims: power ? beside({ raw: 0.6 }) : beside({ raw: 0.6, "best peer": 4 }),
    size: { kind: "timed", start: 1_000, most: 500_000 },
    async measure(variant, tools) {
      const session = await contender(variant).open(tools, durability);
      try {
        return perJob(await session.process(tools.count), tools.count);
      } finally {
        await session.close();
      }
    },
  };
}

export const processProcess: Benchmark = processJobs("process");
export const processPower: Benchmark = processJobs("power");
