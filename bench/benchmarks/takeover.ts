import { below, figureOf, none } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { openQueue } from "../contenders/queue.ts";
import { ENDLESS, SecondProcess, millisecondsSince, monotonic } from "../second-process.ts";
import { percentile } from "../statistics.ts";
import { LATENCIES } from "./latency.ts";

/** Jobs that run in the process that is killed. */
const RUNNING = 50;

export const takeover: Benchmark = {
  name: "takeover",
  title: "Take-over after `kill -9`",
  description: `A worker process with ${RUNNING} running jobs is killed; from its end until each job starts in the process that is left. The long version, with ≥ 100 000 acknowledged jobs, is \`npm run storm -- kill\`.`,
  variants: () => ["queue"],
  figures: {
    p99: { label: "p99 ms", unit: "ms", better: "lower" },
    p50: LATENCIES["p50"] as (typeof LATENCIES)[string],
    lost: { label: "lost", unit: "jobs", better: "lower" },
    doubled: { label: "run twice at once", unit: "jobs", better: "lower" },
  },
  aims: [
    below("p99", 1_000, figureOf("queue", "p99")),
    none("lost", figureOf("queue", "lost")),
    none("run twice at once", figureOf("queue", "doubled")),
  ],
  size: { kind: "fixed", full: 20, quick: 3, tiny: 1 },
  rounds: 1,
  async measure(_variant, { folder, count }) {
    const found: number[] = [];
    let lost = 0;
    let doubled = 0;
    const queue = await openQueue(folder);
    const startedHere = new Map<number, number>();
    let died: bigint | undefined;
    let hear = (): void => undefined;
    queue.registerHandler(ENDLESS, {
      process: async (_data, _id, job) => {
        // Before the other process is dead nothing may start here.
        if (died === undefined) doubled += 1;
        else found.push(millisecondsSince(died, monotonic()));
        const times = (startedHere.get(job.number) ?? 0) + 1;
        startedHere.set(job.number, times);
        if (times > 1) doubled += 1;
        hear();
      },
    });
    try {
      for (let kill = 0; kill < count; kill++) {
        died = undefined;
        startedHere.clear();
        const second = await SecondProcess.start(folder);
        const running = heard((ring) => (second.onReport = ring), RUNNING);
        await queue.service.enqueueMany(Array.from({ length: RUNNING }, (_, n) => ({ type: ENDLESS, data: { n } })));
        await running;
        await queue.start();
        const takenOver = heard((ring) => (hear = ring), RUNNING);
        await second.kill();
        died = monotonic();
        await takenOver;
        await allEnded();
        lost += RUNNING - startedHere.size;
        await stopWorker();
      }
    } finally {
      await queue.stop();
    }
    return { p99: percentile(found, 0.99), p50: percentile(found, 0.5), lost, doubled };

    async function allEnded(): Promise<void> {
      for (const number of startedHere.keys()) await queue.wait(number, { timeout: 5_000 });
    }
    /** The next round's jobs belong to the next process to be killed. */
    async function stopWorker(): Promise<void> {
      await queue.worker.stop({ grace: 0 });
    }
  },
};

function heard(listen: (ring: () => void) => void, times: number): Promise<void> {
  return new Promise((resolve) => {
    let left = times;
    listen(() => {
      if (--left === 0) resolve();
    });
  });
}
