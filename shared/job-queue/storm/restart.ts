// Workers are restarted all the time, in order and by kill -9, many before they have run anything; then they are left in peace.
import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { openJobQueue } from "../src/index.ts";
import { type Member, openCrew } from "./crew.ts";
import { monotonic } from "./figures.ts";
import { inspect } from "./inspect.ts";
import type { StormWork } from "./setting.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const BACKLOG = 6_000;
const SLICE = 500;

export async function restart({ seconds = 40, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const queue = await openJobQueue({ path: crew.path, durability: "process" });
  const counts = { boots: 0, orderly: 0, killed: 0, killedBeforeWork: 0 };
  try {
    const jobs: number[] = [];
    for (let n = 0; n < BACKLOG; n += SLICE) {
      const data = Array.from({ length: SLICE }, (_, i): StormWork => ({
        steps: i % 7 === 0,
        hold: i % 4 === 0 ? 100 : 5,
      }));
      const made = await queue.service.enqueueMany(data.map((each) => ({ type: "work", data: each })));
      for (const { number } of made) {
        crew.acknowledged("J", number);
        jobs.push(number);
      }
    }
    const keepOne = async (): Promise<void> => {
      while (elapsed() < seconds) {
        const worker = crew.start("worker");
        counts.boots += 1;
        await pause(crew.between(50, 1_200));
        await endSomehow(worker);
      }
    };
    const endSomehow = async (worker: Member): Promise<void> => {
      if (crew.chance() < 0.5) {
        counts.orderly += 1;
        return crew.end(worker);
      }
      counts.killed += 1;
      if (worker.done === 0) counts.killedBeforeWork += 1;
      crew.ran("K", 0, worker.process.pid as number, "-", monotonic(), Date.now());
      return crew.kill(worker);
    };
    await Promise.all([keepOne(), keepOne()]);
    const left = (await queue.stats()).ready;
    const peace = stopwatch();
    for (let i = 0; i < 2; i++) crew.start("worker");
    const { counts: figures, wrong } = await inspect(crew.folder);
    const drainSeconds = peace();
    let burned = 0;
    for (const number of jobs) {
      const job = await queue.service.getStatus(number);
      // None of them fails by itself, so each must have succeeded with what counts as its first try.
      if (job?.reason !== "crashed" && (job?.state !== "completed" || job.attempt !== 1)) burned += 1;
    }
    await Promise.all([...crew.members].map(crew.end));
    return {
      seed,
      seconds: elapsed(),
      ...counts,
      leftAfterStorm: left,
      drainSeconds,
      ...figures,
      bytes: statSync(crew.path).size,
      wrong: { ...wrong, triesBurned: burned },
    };
  } finally {
    await queue.stop();
    crew.dispose();
  }
}
