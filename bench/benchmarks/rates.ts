import type { Figure, Measured } from "../benchmark.ts";
import type { Timed } from "../contender.ts";

export const JOBS_PER_SECOND: Readonly<Record<string, Figure>> = {
  rate: { label: "jobs/s", unit: "/s", better: "higher" },
  cpu: { label: "CPU µs/job", unit: "µs", better: "lower" },
};

/** NaN where a contender has no such call. */
export function perJob(took: Timed | undefined, count: number): Measured {
  const { ms, cpu } = took ?? { ms: NaN, cpu: NaN };
  return { rate: (count / ms) * 1_000, cpu: (cpu / count) * 1_000 };
}
