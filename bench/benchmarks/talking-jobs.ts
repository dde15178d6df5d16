import type { JobContext, JobQueue } from "../../shared/job-queue/src/index.ts";
import { pause } from "../contender.ts";
import { openQueue } from "../contenders/queue.ts";
import { watchLoop } from "../loop-gap.ts";
import { TYPE } from "../payload.ts";

export const JOBS = 100;
export const TICK_MS = 10;

export interface Talked {
  readonly queue: JobQueue;
  readonly numbers: readonly number[];
  readonly calls: number;
  readonly seconds: number;
  readonly gap: number;
  readonly cpu: number;
}

/** Runs `JOBS` jobs, each of which says something every tick for a while, then ends. The caller closes the queue. */
export async function talk(
  folder: string,
  ticksWanted: number,
  say: (job: JobContext, tick: number) => number,
): Promise<Talked> {
  const queue = await openQueue(folder);
  const jobs: JobContext[] = [];
  let everybody = (): void => undefined;
  let end = (): void => undefined;
  const here = new Promise<void>((resolve) => {
    everybody = resolve;
  });
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  queue.registerHandler(TYPE, {
    process: async (_data, _id, job) => {
      jobs.push(job);
      if (jobs.length === JOBS) everybody();
      await over;
    },
  });
  await queue.start();
  await queue.service.enqueueMany(Array.from({ length: JOBS }, (_, n) => ({ type: TYPE, data: { n } })));
  await here;
  const loop = watchLoop();
  const cpuBefore = process.cpuUsage();
  const from = performance.now();
  let calls = 0;
  let tick = 0;
  while (tick < ticksWanted) {
    await pause(TICK_MS);
    // A tick that came late is made up for, so that the rate is what it says.
    const due = Math.min(ticksWanted, Math.floor((performance.now() - from) / TICK_MS));
    for (; tick < due; tick++) for (const job of jobs) calls += say(job, tick + 1);
  }
  end();
  const numbers = jobs.map((job) => job.number);
  for (const number of numbers) await queue.wait(number);
  const seconds = (performance.now() - from) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { queue, numbers, calls, seconds, gap: loop.end(), cpu: (user + system) / 1e6 / seconds };
}
