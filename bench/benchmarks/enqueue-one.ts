import type { Benchmark, Durability } from "../benchmark.ts";
import { beside } from "../aims.ts";
import { contender, names } from "../contenders/index.ts";
import { JOBS_PER_SECOND, perJob } from "./rates.ts";

function enqueueOne(durability: Durability): Benchmark {
  const power = durability === "power";
  return {
    name: power ? "enqueue-one-power" : "enqueue-one",
    title: `Enqueue one by one, awaited, \`${durability}\``,
    description: `One producer awaits each job before the next; ${power ? "each is on disk when it is acknowledged" : "each survives a crash of the process"}.`,
    variants: names,
    contest: true,
    figures: JOBS_PER_SECOND,
    aims: power ? undefined : beside({ raw: 0.7, "bullmq-redis": 3, "bullmq-postgres": 3 }),
    size: { kind: "timed", start: power ? 20 : 300, most: 200_000 },
    async measure(variant, tools) {
      const session = await contender(variant).open(tools, durability);
      try {
        return perJob(await session.enqueueOne(tools.count), tools.count);
      } finally {
        await session.close();
      }
    },
  };
}

export const enqueueOneProcess: Benchmark = enqueueOne("process");
export const enqueueOnePower: Benchmark = enqueueOne("power");
