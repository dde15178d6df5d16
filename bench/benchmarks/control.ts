import { below, figureOf } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { openQueue } from "../contenders/queue.ts";
import { TYPE, payload } from "../payload.ts";
import { ASKING, ENDLESS, type Report, SecondProcess, millisecondsSince, monotonic } from "../second-process.ts";
import { percentile } from "../statistics.ts";
import { LATENCIES } from "./latency.ts";

type Queue = Awaited<ReturnType<typeof openQueue>>;
/** Milliseconds from the call until the other process has acted on it. */
type Act = (queue: Queue, started: () => Promise<Report>, n: number) => Promise<number>;

const ACTS: Readonly<Record<string, Act>> = {
  async cancel(queue, started, n) {
    const running = started();
    const { jobId } = await queue.enqueue(ENDLESS, { n });
    await running;
    const from = monotonic();
    await queue.service.cancel(jobId);
    await queue.wait(jobId);
    return millisecondsSince(from, monotonic());
  },
  async retry(queue, started, n) {
    const first = started();
    const { jobId } = await queue.enqueue(TYPE, payload(n));
    await Promise.all([first, queue.wait(jobId)]);
    const again = started();
    const from = monotonic();
    await queue.service.retry(jobId);
    return millisecondsSince(from, BigInt((await again).at));
  },
  async unpause(queue, started, n) {
    await queue.service.pause(TYPE);
    await queue.enqueue(TYPE, payload(n));
    const begun = started();
    const from = monotonic();
    await queue.service.unpause(TYPE);
    return millisecondsSince(from, BigInt((await begun).at));
  },
  async decide(queue, _started, n) {
    const { jobId } = await queue.enqueue(ASKING, { n });
    await queue.wait(jobId, { until: "ended-or-waiting" });
    const [request] = await queue.requests.list({ job: jobId, open: true });
    const from = monotonic();
    await queue.requests.decide(request?.id ?? "", { choice: "approve" });
    await queue.wait(jobId);
    return millisecondsSince(from, monotonic());
  },
};

const LIMIT_MS = 100;

export const control: Benchmark = {
  name: "control",
  title: "Steer what runs in another process",
  description:
    "From the call here, of a job that runs or waits in another process: `cancel` until the job is stored as cancelled and this process knows it, `retry` and `unpause` until the handler starts over there, `decide` until the job that asked has completed and this process knows it.",
  variants: () => Object.keys(ACTS),
  figures: LATENCIES,
  aims: Object.keys(ACTS).map((act) => below(`${act} p99`, LIMIT_MS, figureOf(act, "p99"))),
  size: { kind: "fixed", full: 300, quick: 25, tiny: 3 },
  async measure(variant, { folder, count }) {
    const queue = await openQueue(folder);
    const second = await SecondProcess.start(folder);
    const started = (): Promise<Report> =>
      new Promise((resolve) => {
        second.onReport = resolve;
      });
    try {
      const found: number[] = [];
      for (let n = 0; n < count; n++) found.push(await (ACTS[variant] as Act)(queue, started, n));
      return { p50: percentile(found, 0.5), p99: percentile(found, 0.99) };
    } finally {
      await second.kill();
      await queue.stop();
    }
  },
};
