// Payloads of ten megabytes: they go through, lists do not feel them, and what is over the limit is refused before it is written.
import { statSync } from "node:fs";
import { isCodedError, openJobQueue } from "../src/index.ts";
import { openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const MEGABYTE = 2 ** 20;
const LIMIT = 16 * MEGABYTE;
const LISTS = 200;
const DEEP = 100_000;

export async function large({ seconds = 20, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const queue = await openJobQueue({ path: crew.path, durability: "power", maxBytes: LIMIT });
  const wrong: Record<string, number> = { notRefused: 0 };
  let mostLog = 0;
  let mostMemory = 0;
  try {
    const listing = async (): Promise<number[]> => {
      const times: number[] = [];
      for (let i = 0; i < LISTS; i++) {
        const since = monotonic();
        await queue.service.list({ limit: 50 });
        times.push(monotonic() - since);
      }
      return times;
    };
    for (let i = 0; i < 50; i++) crew.acknowledged("J", (await queue.enqueue("work", {})).number);
    const without = await listing();
    const enqueued: number[] = [];
    const filler = "x".repeat(10 * MEGABYTE);
    crew.start("worker", { setting: { durability: "power" } });
    while (elapsed() < seconds) {
      const since = monotonic();
      const { number } = await queue.enqueue("work", { filler });
      enqueued.push(monotonic() - since);
      crew.acknowledged("J", number);
      mostLog = Math.max(mostLog, statSync(`${crew.path}-wal`).size);
      mostMemory = Math.max(mostMemory, process.memoryUsage.rss());
    }
    const withThem = await listing();
    for (const data of ["x".repeat(LIMIT + 1), nested(DEEP)]) {
      const refused = await queue.enqueue("work", { data }).then(
        () => "none",
        (error: unknown) => (isCodedError(error) ? error.code : String(error)),
      );
      if (typeof data === "string" && refused !== "TOO_LARGE") wrong["notRefused"] = 1;
      if (typeof data !== "string" && !["none", "INVALID_DATA", "TOO_LARGE"].includes(refused))
        wrong["deepDataUncoded"] = 1;
    }
    const { counts: figures, wrong: found } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    return {
      seed,
      seconds: elapsed(),
      ...figures,
      largeJobs: enqueued.length,
      enqueue: spread(enqueued),
      listWithout: spread(without),
      listWith: spread(withThem),
      mostLogMegabytes: Math.round(mostLog / MEGABYTE),
      mostMemoryMegabytes: Math.round(mostMemory / MEGABYTE),
      wrong: { ...found, ...wrong },
    };
  } finally {
    await queue.stop();
    crew.dispose();
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
