import type { Backoff } from "./options.ts";
import type { Random } from "./ports.ts";

export const DEFAULT_BACKOFF = { delay: 1_000, factor: 2, max: 600_000, jitter: 0.2 } as const;

/** Milliseconds before the try after `attempt` (1 = the first). */
export function backoffDelay(backoff: Backoff | undefined, attempt: number, random: Random): number {
  const delay = backoff?.delay ?? DEFAULT_BACKOFF.delay;
  const factor = backoff?.factor ?? DEFAULT_BACKOFF.factor;
  const max = backoff?.max ?? DEFAULT_BACKOFF.max;
  const jitter = backoff?.jitter ?? DEFAULT_BACKOFF.jitter;
  // Never beyond the finite: 0 * Infinity is not a number.
  const wanted = Math.min(max, delay * Math.min(factor ** (attempt - 1), 1e12));
  const spread = wanted * jitter * (random.fraction() * 2 - 1);
  return Math.max(0, Math.min(max, Math.round(wanted + spread)));
}
