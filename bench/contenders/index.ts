import type { Contender } from "../contender.ts";
import { bullmqPostgres, bullmqRedis } from "./bullmq.ts";
import { graphileLocal, graphileWorker } from "./graphile-worker.ts";
import { pgBoss } from "./pg-boss.ts";
import { plainjob } from "./plainjob.ts";
import { queue } from "./queue.ts";
import { raw } from "./raw.ts";

/** In the order of the tables: the baseline, this queue, the peers. */
export const CONTENDERS: readonly Contender[] = [
  raw,
  queue,
  plainjob,
  bullmqRedis,
  bullmqPostgres,
  graphileWorker,
  graphileLocal,
  pgBoss,
];

export function contender(name: string): Contender {
  const found = CONTENDERS.find((each) => each.name === name);
  if (!found) throw new Error(`There is no contender "${name}".`);
  return found;
}

export const names = (): string[] => CONTENDERS.map((each) => each.name);
