import { below, figureOf, none } from "../aims.ts";
import type { Benchmark } from "../benchmark.ts";
import { pause } from "../contender.ts";
import { openQueue } from "../contenders/queue.ts";
import { TYPE, payload } from "../payload.ts";
import { SecondProcess, millisecondsSince, monotonic } from "../second-process.ts";
import { percentile } from "../statistics.ts";
import { LATENCIES } from "./latency.ts";

/** Jobs enqueued together, by variant. */
const TOGETHER: Readonly<Record<string, number>> = { "one job at a time": 1, "50 jobs at once": 50 };
const LIMIT_MS = 50;

export const events: Benchmark = {
  name: "events",
  title: "Events of another process",
  description:
    "Jobs run in another process. From the first line of a handler there, which comes right after the commit of the event that the job has started, until a listener here is told of it.",
  variants: () => Object.keys(TOGETHER),
  figures: { ...LATENCIES, wrong: { label: "missing or doubled", unit: "events", better: "lower" } },
  aims: Object.keys(TOGETHER).flatMap((variant) => [
    below(`p99 of ${variant}`, LIMIT_MS, figureOf(variant, "p99")),
    none(`events missing or doubled of ${variant}`, figureOf(variant, "wrong")),
  ]),
  size: { kind: "fixed", full: 1_000, quick: 100, tiny: 5 },
  async measure(variant, { folder, count }) {
    const queue = await openQueue(folder);
    const second = await SecondProcess.start(folder);
    const together = TOGETHER[variant] as number;
    const happened = new Map<number, bigint>();
    const told = new Map<number, bigint>();
    let doubled = 0;
    second.onReport = ({ number, at }) => happened.set(number, BigInt(at));
    const off = queue.events.on("job-progress", ({ change, job }) => {
      if (change !== "started") return;
      if (told.has(job.number)) doubled += 1;
      told.set(job.number, monotonic());
    });
    try {
      const numbers: number[] = [];
      while (numbers.length < count) {
        const jobs = Array.from({ length: together }, (_, n) => ({ type: TYPE, data: payload(n) }));
        const made = await queue.service.enqueueMany(jobs);
        for (const { number } of made) await queue.wait(number);
        numbers.push(...made.map(({ number }) => number));
        await pause(2);
      }
      // The last reports of the other process may still be under way.
      while (happened.size < numbers.length) await pause(2);
      const found = numbers.flatMap((number) => {
        const [from, to] = [happened.get(number), told.get(number)];
        return from === undefined || to === undefined ? [] : [millisecondsSince(from, to)];
      });
      const missing = numbers.length - found.length;
      return { p50: percentile(found, 0.5), p99: percentile(found, 0.99), wrong: missing + doubled };
    } finally {
      off();
      await second.kill();
      await queue.stop();
    }
  },
};
