import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Benchmark, Measured, Medians, Servers, Size } from "./benchmark.ts";
import type { Answer, Question } from "./measured.ts";
import { median } from "./statistics.ts";

export interface Effort {
  readonly rounds: number;
  /** Length of one timed measurement. */
  readonly seconds: number;
  /** A benchmark takes no further round after this long. */
  readonly budget: number;
  readonly size: Size;
}

export interface Outcome {
  readonly benchmark: Benchmark;
  readonly rounds: ReadonlyMap<string, readonly Measured[]>;
  readonly medians: Medians;
  /** Operations per measurement, by variant. */
  readonly counts: ReadonlyMap<string, number>;
  /** Why a variant has no figures. */
  readonly missing: ReadonlyMap<string, string>;
}

/** A process that measures one variant; see measured.ts. */
class Measurer {
  readonly variant: string;
  readonly #child: ChildProcess;
  readonly #ask: Omit<Question, "count">;

  constructor(benchmark: Benchmark, variant: string, folder: string, servers: Servers) {
    this.variant = variant;
    this.#ask = { benchmark: benchmark.name, variant, folder, servers };
    this.#child = fork(join(import.meta.dirname, "measured.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  async measure(count: number): Promise<Measured> {
    this.#child.send({ ...this.#ask, count } satisfies Question);
    const ended = new AbortController();
    try {
      const answer = await Promise.race([
        once(this.#child, "message", ended).then(([message]) => message as Answer),
        once(this.#child, "exit", ended).then(([code, signal]): Answer => ({ error: `ended with ${signal ?? code}` })),
      ]);
      if ("error" in answer) throw new Error(answer.error);
      return answer.figures;
    } finally {
      ended.abort();
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exit;
    }
    await rm(this.#ask.folder, { recursive: true, force: true });
  }
}

/** Measures all variants in turn, round by round, so that a slow minute of the machine hits them alike. */
export async function runBenchmark(
  benchmark: Benchmark,
  variants: readonly string[],
  effort: Effort,
  folder: string,
  servers: Servers,
): Promise<Outcome> {
  const rounds = new Map<string, Measured[]>();
  const counts = new Map<string, number>();
  const missing = new Map<string, string>();
  const measurers: Measurer[] = [];
  try {
    for (const variant of variants) {
      const own = await mkdtemp(join(folder, `${benchmark.name}-`));
      measurers.push(new Measurer(benchmark, variant, own, servers));
    }
    for (const measurer of measurers) {
      await attempt(measurer.variant, async () => {
        counts.set(measurer.variant, await calibrated(benchmark, measurer, effort));
        rounds.set(measurer.variant, []);
      });
    }
    const wanted = Math.min(effort.rounds, benchmark.rounds ?? effort.rounds);
    const from = performance.now();
    for (let round = 0; round < wanted; round++) {
      if (round > 0 && performance.now() - from > effort.budget * 1_000) break;
      for (const measurer of rotated(measurers, round)) {
        const { variant } = measurer;
        if (missing.has(variant)) continue;
        await attempt(variant, async () => {
          rounds.get(variant)?.push(await measurer.measure(counts.get(variant) as number));
        });
      }
    }
  } finally {
    await Promise.all(measurers.map((measurer) => measurer.end()));
  }
  const medians = new Map([...rounds].map(([variant, each]) => [variant, mediansOf(benchmark, each)]));
  return { benchmark, rounds, medians, counts, missing };

  async function attempt(variant: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      missing.set(variant, (error as Error).message);
      rounds.delete(variant);
    }
  }
}

/** Warms up, and finds how many operations fill the time. */
async function calibrated(benchmark: Benchmark, measurer: Measurer, effort: Effort): Promise<number> {
  const { size } = benchmark;
  if (size.kind === "fixed") {
    if (size.full <= 10_000 && effort.size !== "tiny") await measurer.measure(size.tiny);
    return size[effort.size];
  }
  let count = effort.size === "tiny" ? Math.ceil(size.start / 10) : size.start;
  if (effort.size === "tiny") return count;
  for (const share of [0.3, 1]) {
    const { rate = 0 } = await measurer.measure(count);
    const fits = Math.round(rate * effort.seconds * share);
    count = Math.max(size.start, Math.min(size.most, fits));
  }
  return count;
}

function mediansOf(benchmark: Benchmark, rounds: readonly Measured[]): Measured {
  const keys = Object.keys(benchmark.figures);
  return Object.fromEntries(keys.map((key) => [key, median(rounds.map((each) => each[key] ?? NaN))]));
}

/** Nobody is always first, when the disk is quiet, or always after the same neighbour. */
function rotated<T>(all: readonly T[], by: number): T[] {
  const at = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}
