import { isCodedError } from "@brains/job-queue/handler";
import type { BatchEvent, BatchInfo, JobEvent, JobInfo, QueueEvent } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import { visibleEvent } from "./content.ts";
import type { Outcome } from "./contract.ts";
import type { JobQueue } from "@brains/job-queue";

/** The longest that one call may wait, in seconds: shorter than what the most impatient client allows. */
export const LONGEST_WAIT = 50;

/** A job or batch, found. */
export interface Work {
  readonly kind: "job" | "batch";
  readonly id: string;
}

/** Waiting for it ended because it ended, or because only a person can make it go on. */
export type Settled =
  | { readonly kind: "job"; readonly job: JobInfo }
  | { readonly kind: "batch"; readonly batch: BatchInfo };

/** Waits at most `timeout` milliseconds. Undefined when the time was up or the signal was aborted; the work goes on. */
export async function waitForWork(
  queue: JobQueue,
  work: Work,
  timeout: number,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  if (signal.aborted || timeout <= 0) return undefined;
  try {
    if (work.kind === "batch") return { kind: "batch", batch: await queue.batches.wait(work.id, { timeout, signal }) };
    return { kind: "job", job: await queue.service.wait(work.id, { timeout, signal, until: "ended-or-waiting" }) };
  } catch (error) {
    if (signal.aborted || (isCodedError(error) && error.code === "WAIT_TIMEOUT")) return undefined;
    throw error;
  }
}

export function outcomeOf(settled: Settled): Outcome {
  if (settled.kind === "job") {
    const { state, reason, result, error } = settled.job;
    return { state, reason, result, error, job: settled.job };
  }
  const { batch } = settled;
  const first = batch.errors[0];
  return { state: batch.status, reason: first?.reason, error: first && { message: first.message }, batch };
}

/** Passes on the events of these jobs and batches (members included) until it is ended. A throwing listener ends nothing. */
export function listenTo(
  queue: JobQueue,
  work: readonly Work[],
  after: string,
  caller: Caller,
  listener: (event: JobEvent | BatchEvent) => void,
): () => void {
  const ids = new Set(work.map((one) => one.id));
  return queue.events.subscribe({ after }, (event) => {
    if (!concerns(event, ids)) return;
    try {
      listener(visibleEvent(event, caller));
    } catch {
      // The listener's own affair.
    }
  });
}

export function concerns(event: QueueEvent, ids: ReadonlySet<string>): boolean {
  if (event.kind === "batch") return ids.has(event.batch.batchId);
  return ids.has(event.job.id) || (event.job.batchId !== undefined && ids.has(event.job.batchId));
}
