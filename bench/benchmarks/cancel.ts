import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { openQueue } from "../contenders/queue.ts";
import { ENDLESS, type Report, SecondProcess } from "../second-process.ts";
import { percentile } from "../statistics.ts";
import { LATENCIES } from "./latency.ts";

export const cancel: Benchmark = {
  name: "cancel",
  title: "Cancel a job that runs in another process",
  description:
    "From the call of `cancel` until the job is stored as cancelled and the process that asked knows it; the handler heeds its signal.",
  variants: () => ["queue"],
  figures: LATENCIES,
  aims: [below("p99", 300, figureOf("queue", "p99"))],
  size: { kind: "fixed", full: 300, quick: 60, tiny: 3 },
  async measure(_variant, { folder, count }) {
    const queue = await openQueue(folder);
    const second = await SecondProcess.start(folder);
    try {
      const found: number[] = [];
      for (let n = 0; n < count; n++) {
        const started = new Promise<Report>((resolve) => {
          second.onReport = resolve;
        });
        const { jobId } = await queue.enqueue(ENDLESS, { n });
        await started;
        const from = performance.now();
        await queue.service.cancel(jobId);
        const { state } = await queue.wait(jobId);
        if (state !== "cancelled") throw new Error(`The job ended as ${state}.`);
        found.push(performance.now() - from);
      }
      return { p50: percentile(found, 0.5), p99: percentile(found, 0.99) };
    } finally {
      await second.kill();
      await queue.stop();
    }
  },
};
