import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { JobFilter, JobQueue } from "../../shared/job-queue/src/index.ts";
import { atLeast, below } from "../aims.ts";
import type { Benchmark, Medians, Size } from "../benchmark.ts";
import { type Timed, stopwatch } from "../contender.ts";
import { CONCURRENCY, fill, openQueue } from "../contenders/queue.ts";
import { buildHistory, TYPES, typeName } from "../history-store.ts";
import { RESULT } from "../payload.ts";
import { percentile } from "../statistics.ts";
import { JOBS_PER_SECOND } from "./rates.ts";

/** Finished jobs; a fifth as many wait, at most a million. */
const FINISHED: Record<Size, readonly number[]> = {
  full: [0, 10_000, 100_000, 1_000_000, 5_000_000],
  quick: [0, 100_000],
  tiny: [0, 1_000],
};

const name = (finished: number): string =>
  finished === 0 ? "empty" : finished.toLocaleString("en").replaceAll(",", " ");

const LISTS: readonly JobFilter[] = [
  {},
  { state: "completed" },
  { state: "failed" },
  { state: "cancelled" },
  { state: "pending" },
  { type: typeName(3) },
  { type: typeName(3), state: "failed" },
  { active: true },
  { active: false, endedSince: Date.now() - 3_600_000 },
];
const COUNTS: readonly JobFilter[] = [{}, { state: "completed" }, { state: "failed" }, { state: "pending" }];

export const history: Benchmark = {
  name: "history",
  title: "Up to 1 M pending and 5 M finished jobs",
  description: `Stores with finished jobs (and a fifth as many that wait) of ${TYPES} types, with results and journal. Throughput: no-op jobs from what waits, concurrency 100. Claim: one job at a time, from the end of one to the start of the next (that is: settle, claim, commit). Start: from the opening of the store to the start of the first job. Lists: pages of 50, by every kind of filter, and a page in the middle; counts.`,
  variants: (size) => FINISHED[size].map(name),
  figures: {
    ...JOBS_PER_SECOND,
    claim: { label: "claim p99, ms", unit: "ms", better: "lower" },
    start: { label: "start, ms", unit: "ms", better: "lower" },
    list: { label: "slowest page, ms", unit: "ms", better: "lower" },
    count: { label: "slowest count, ms", unit: "ms", better: "lower" },
  },
  aims: [
    below("claim p99", 5, worst("claim")),
    atLeast("throughput in × empty", 0.9, leastOfEmpty),
    below("start", 1_000, worst("start")),
    below("page", 50, worst("list")),
  ],
  size: { kind: "fixed", full: 30_000, quick: 3_000, tiny: 50 },
  rounds: 3,
  async measure(variant, { folder, kept, count }) {
    const finished = variant === "empty" ? 0 : Number(variant.replaceAll(" ", ""));
    const home = finished === 0 ? folder : kept;
    if (finished > 0 && !existsSync(join(home, "queue.db"))) {
      // Under its name only when it is whole.
      buildHistory(join(home, "building.db"), finished, Math.min(1_000_000, finished / 5));
      renameSync(join(home, "building.db"), join(home, "queue.db"));
    }
    const singles = Math.min(1_000, count);
    const { start, rate, cpu } = await throughput(home, count);
    const claim = await claims(home, singles);
    const queue = await openQueue(home, RETENTION);
    try {
      const list = await slowest(LISTS, async (filter) => {
        const first = await queue.service.list(filter);
        if (first.next !== undefined) await queue.service.list({ ...filter, cursor: first.next });
      });
      const middle = await slowest([{ cursor: `j${Math.max(1, Math.floor(finished / 2)).toString(36)}` }], (filter) =>
        queue.service.list(filter),
      );
      const counted = await slowest(COUNTS, (filter) => queue.service.count(filter));
      return { rate, cpu, claim, start, list: Math.max(list, middle), count: counted };
    } finally {
      await queue.stop({ grace: 0 });
    }
  },
};

function worst(key: string): (medians: Medians) => number {
  return (medians) => Math.max(...[...medians.values()].map((figures) => figures[key] ?? NaN));
}

function leastOfEmpty(medians: Medians): number {
  const rates = [...medians.values()].map((figures) => figures["rate"] ?? NaN);
  return Math.min(...rates) / (medians.get("empty")?.["rate"] ?? NaN);
}

/** Nothing is pruned while it is measured. */
const RETENTION = { retention: { maxJobs: 100_000_000, maxBytes: 1e12 } };

async function throughput(home: string, count: number): Promise<{ start: number; rate: number; cpu: number }> {
  await topUp(home, count);
  let left = count;
  const opened = performance.now();
  const queue = await openQueue(home, RETENTION);
  try {
    const first = Promise.withResolvers<number>();
    const took = await new Promise<Timed>((resolve, reject) => {
      let end = (): Timed => ({ ms: NaN, cpu: NaN });
      register(queue, () => {
        if (left-- === count) {
          first.resolve(performance.now());
          end = stopwatch();
        } else if (left === 0) resolve(end());
      });
      queue.start().catch(reject);
    });
    return { start: (await first.promise) - opened, rate: (count / took.ms) * 1_000, cpu: (took.cpu / count) * 1_000 };
  } finally {
    await queue.stop();
  }
}

/** Sees to it that enough jobs wait. */
async function topUp(home: string, count: number): Promise<void> {
  const queue = await openQueue(home, RETENTION);
  try {
    const missing = count + CONCURRENCY - (await queue.stats()).ready;
    const each = Math.max(0, Math.ceil(missing / TYPES));
    for (let at = 1; at <= TYPES; at++) await fill(queue, each, typeName(at));
  } finally {
    await queue.stop();
  }
}

/** 99th percentile of the milliseconds between the end of a job and the start of the next. */
async function claims(home: string, count: number): Promise<number> {
  await topUp(home, count);
  const queue = await openQueue(home, { ...RETENTION, concurrency: 1 });
  const gaps: number[] = [];
  let endedAt: number | undefined;
  let enough = (): void => undefined;
  const ran = new Promise<void>((resolve) => {
    enough = resolve;
  });
  try {
    register(queue, () => {
      if (endedAt !== undefined) gaps.push(performance.now() - endedAt);
      if (gaps.length >= count - 1) enough();
      endedAt = performance.now();
    });
    await queue.start();
    await ran;
  } finally {
    await queue.stop();
  }
  return percentile(gaps, 0.99);
}

function register(queue: JobQueue, ran: () => void): void {
  for (let at = 1; at <= TYPES; at++) {
    queue.registerHandler(typeName(at), {
      process: async () => {
        ran();
        return RESULT;
      },
    });
  }
}

async function slowest(filters: readonly JobFilter[], read: (filter: JobFilter) => Promise<unknown>): Promise<number> {
  let worst = 0;
  for (const filter of filters) {
    const from = performance.now();
    await read(filter);
    worst = Math.max(worst, performance.now() - from);
  }
  return worst;
}
