import type { Benchmark } from "../benchmark.ts";
import { Signal, inCalls, timed } from "../contender.ts";
import { fill, openQueue } from "../contenders/queue.ts";
import { TYPE, payload } from "../payload.ts";
import { JOBS_PER_SECOND, perJob } from "./rates.ts";

const RUNNING = 10_000;
const IDLE = "nothing runs";
const BUSY = `${RUNNING.toLocaleString("en").replace(",", " ")} jobs run`;

export const whileRunning: Benchmark = {
  name: "while-running",
  title: "Enqueue one by one while 10 000 jobs run in the same process",
  description:
    "The running jobs wait for something; the jobs that are enqueued are of another type, for which this process has no handler.",
  variants: () => [IDLE, BUSY],
  figures: JOBS_PER_SECOND,
  size: { kind: "timed", start: 300, most: 100_000 },
  async measure(variant, { folder, count }) {
    const queue = await openQueue(folder, { concurrency: RUNNING });
    const started = new Signal();
    queue.registerHandler("bench:waits", {
      process: (_data, _id, job) => {
        started.ring();
        return new Promise<void>((resolve) => job.signal.addEventListener("abort", () => resolve(), { once: true }));
      },
    });
    try {
      await queue.start();
      if (variant === BUSY) {
        const all = started.times(RUNNING);
        await fill(queue, RUNNING, "bench:waits");
        await all;
      }
      return perJob(await timed(() => inCalls(count, 1, (n) => queue.enqueue(TYPE, payload(n)))), count);
    } finally {
      queue.crash();
    }
  },
};
