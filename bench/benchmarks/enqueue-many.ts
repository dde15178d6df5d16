import type { Benchmark, Durability } from "../benchmark.ts";
import { beside } from "../aims.ts";
import { contender, names } from "../contenders/index.ts";
import { JOBS_PER_SECOND, perJob } from "./rates.ts";

const PER_CALL = 100;

function enqueueMany(durability: Durability): Benchmark {
  const power = durability === "power";
  return {
    name: power ? "enqueue-many-power" : "enqueue-many",
    title: `Enqueue ${PER_CALL} per call, awaited, \`${durability}\``,
    description: `One producer awaits each call, which enqueues ${PER_CALL} jobs, all or none.`,
    variants: names,
    contest: true,
    figures: JOBS_PER_SECOND,
    aims: power ? undefined : beside({ raw: 0.7, "bullmq-redis": 4, "bullmq-postgres": 4 }),
    size: { kind: "timed", start: 2_000, most: 1_000_000 },
    async measure(variant, tools) {
      const session = await contender(variant).open(tools, durability);
      try {
        return perJob(await session.enqueueMany(tools.count, PER_CALL), tools.count);
      } finally {
        await session.close();
      }
    },
  };
}

export const enqueueManyProcess: Benchmark = enqueueMany("process");
export const enqueueManyPower: Benchmark = enqueueMany("power");
