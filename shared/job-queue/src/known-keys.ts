import { JobQueueError } from "./errors.ts";
import type { BatchFilter, BatchOptions, HandlerOptions, JobFilter, NewJob, QueueOptions } from "./options.ts";

// With every key of the type, by the compiler.
const keysOf = <Options>(keys: Record<keyof Options, true>): ReadonlySet<string> => new Set(Object.keys(keys));

export const QUEUE_KEYS = keysOf<QueueOptions>({
  path: true,
  durability: true,
  concurrency: true,
  pluginConcurrency: true,
  grace: true,
  maxBytes: true,
  retention: true,
  fingerprint: true,
  onInternalError: true,
  ports: true,
});

export const HANDLER_KEYS = keysOf<HandlerOptions>({
  schema: true,
  concurrency: true,
  rate: true,
  timeout: true,
  stallAfter: true,
  maxAttempts: true,
  maxRetries: true,
  backoff: true,
  afterCrash: true,
  version: true,
  pluginVersion: true,
});

export const JOB_KEYS = keysOf<NewJob>({
  type: true,
  data: true,
  label: true,
  unit: true,
  priority: true,
  delay: true,
  runAt: true,
  after: true,
  dependsOn: true,
  key: true,
  dedup: true,
  idempotencyKey: true,
  maxAttempts: true,
  maxRetries: true,
  backoff: true,
  timeout: true,
  origin: true,
});

export const BATCH_KEYS = keysOf<BatchOptions>({
  label: true,
  unit: true,
  policy: true,
  open: true,
  after: true,
  priority: true,
  idempotencyKey: true,
  origin: true,
});

export const JOB_FILTER_KEYS = keysOf<JobFilter>({
  state: true,
  type: true,
  plugin: true,
  reason: true,
  batch: true,
  principal: true,
  conversation: true,
  since: true,
  endedSince: true,
  active: true,
  limit: true,
  cursor: true,
});

export const BATCH_FILTER_KEYS = keysOf<BatchFilter>({
  active: true,
  status: true,
  plugin: true,
  principal: true,
  conversation: true,
  since: true,
  endedSince: true,
  limit: true,
  cursor: true,
});

/** Refuses a key that is not known, naming the nearest: ignored in silence, a slip would look like an option that does nothing. */
export function assertKeys(what: string, given: object, known: ReadonlySet<string>): void {
  for (const key of Object.keys(given)) {
    if (known.has(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `It has ${[...known].join(", ")}.` : `Did you mean ${near}?`;
    throw new JobQueueError("INVALID_OPTION", `${what} has no ${JSON.stringify(key)}. ${hint}`);
  }
}

function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  const far = Math.max(2, Math.floor(name.length / 3));
  const [best] = [...known]
    .map((each) => ({ each, distance: distance(name, each) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best && best.distance <= far ? best.each : undefined;
}

/** Slips between two names: letters more, fewer or other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1]?.toLowerCase() === b[j - 1]?.toLowerCase();
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
