import { durationText } from "./wording.ts";

/** How long past completed runs of a job type took; milliseconds. */
export interface History {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
}

export interface Estimate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** "in about 3 minutes" */
  readonly text: string;
  /** "rate" or "history (n=14)" */
  readonly source: string;
}

export interface Estimated {
  readonly startedAt?: number | undefined;
  readonly current?: number | undefined;
  readonly total?: number | undefined;
  readonly history?: History | null | undefined;
}

/** Fewer past runs than this say nothing. */
const LEAST_HISTORY = 3;

/**
 * When running work will end: from its own counters where it has a total and has begun, else from past runs of its type, else no guess at all.
 * A run that already takes longer than nine in ten did gets none either.
 */
export function estimate(work: Estimated, now: number): Estimate | undefined {
  if (work.startedAt === undefined) return undefined;
  const elapsed = Math.max(0, now - work.startedAt);
  const { current, total, history } = work;
  if (current !== undefined && total !== undefined && current > 0 && total > 0 && elapsed > 0) {
    if (current >= total) return undefined;
    return estimateOf(now, (elapsed / current) * (total - current), "rate");
  }
  if (!history || history.count < LEAST_HISTORY || elapsed > history.p90) return undefined;
  return estimateOf(now, Math.max(0, history.median - elapsed), `history (n=${history.count})`);
}

function estimateOf(now: number, remaining: number, source: string): Estimate {
  const text = remaining < 1000 ? "in a moment" : `in about ${durationText(remaining)}`;
  return { at: Math.round(now + remaining), text, source };
}
