import { isCodedError } from "@brains/job-queue/handler";
import type { BatchEvent, BatchInfo, JobEvent, JobInfo, QueueEvent } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import { visibleEvent } from "./content.ts";
import type { NextLook, Outcome } from "./contract.ts";
import type { JobQueue } from "@brains/job-queue";
import { whereToDecide } from "./wording.ts";

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
  | { readonly kind: "batch"; readonly batch: BatchInfo; readonly waits: boolean };

/** Waits at most `timeout` milliseconds. Undefined when the time was up or the signal was aborted; the work goes on. */
export async function waitForWork(
  queue: JobQueue,
  work: Work,
  timeout: number,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  if (signal.aborted || timeout <= 0) return undefined;
  try {
    if (work.kind === "batch") return await waitForBatch(queue, work.id, timeout, signal);
    return { kind: "job", job: await queue.service.wait(work.id, { timeout, signal, until: "ended-or-waiting" }) };
  } catch (error) {
    if (signal.aborted || (isCodedError(error) && error.code === "WAIT_TIMEOUT")) return undefined;
    throw error;
  }
}

/** Also returns when members wait for a person and no other can run. */
async function waitForBatch(queue: JobQueue, id: string, timeout: number, given: AbortSignal): Promise<Settled> {
  const over = new AbortController();
  const signal = AbortSignal.any([given, over.signal]);
  const stuck = Promise.withResolvers<Settled>();
  const look = async () => {
    const batch = (await waitsForPerson(queue, id)) ? await queue.batches.getBatchStatus(id) : null;
    if (batch !== null) stuck.resolve({ kind: "batch", batch, waits: true });
  };
  const tell = (event: QueueEvent) => {
    if (event.kind === "job" && event.job.batchId === id && MAY_STICK.has(event.change)) look().catch(stuck.reject);
  };
  const silence = queue.events.subscribe({ after: await queue.events.cursor() }, tell);
  look().catch(stuck.reject);
  try {
    const ended = queue.batches
      .wait(id, { timeout, signal })
      .then((batch): Settled => ({ kind: "batch", batch, waits: false }));
    // The loser of the race is aborted below, with nobody listening any more.
    ended.catch(() => {});
    return await Promise.race([ended, stuck.promise]);
  } finally {
    over.abort();
    silence();
  }
}

const MAY_STICK: ReadonlySet<string> = new Set(["requested", "suspended", "retrying", "ended"]);

/** True when a batch can go on only after a person decided: some members wait for that, and none runs or could. */
export async function waitsForPerson({ service }: JobQueue, batch: string): Promise<boolean> {
  const waiting = await service.list({ batch, state: "waiting_approval", limit: 1 });
  if (waiting.items.length === 0) return false;
  const moving = await service.list({ batch, state: ["pending", "processing"], limit: 1 });
  return moving.items.length === 0;
}

export function outcomeOf(settled: Settled): Outcome {
  if (settled.kind === "job") {
    const { state, reason, result, error, request } = settled.job;
    const next = state === "waiting_approval" ? forDecision(request === undefined ? [] : [request]) : undefined;
    return { state, reason, result, error, job: settled.job, next };
  }
  const { batch, waits } = settled;
  if (waits) return { state: "waiting_approval", batch, next: forDecision([]) };
  const first = batch.errors[0];
  return { state: batch.status, reason: first?.reason, error: first && { message: first.message }, batch };
}

/** Seconds after which it pays to look again at what waits for a person. */
const FOR_A_PERSON = 600;

const forDecision = (requests: readonly number[]): NextLook => ({
  seconds: FOR_A_PERSON,
  reason: whereToDecide(requests),
});

/** Passes on the events of these jobs and batches (members included), up to the moment that it is ended. A throwing listener ends nothing. */
export function listenTo(
  queue: JobQueue,
  work: readonly Work[],
  after: string,
  caller: Caller,
  listener: (event: JobEvent | BatchEvent) => void,
): () => void {
  const ids = new Set(work.map((one) => one.id));
  const end = queue.events.subscribe({ after }, (event) => {
    if (!concerns(event, ids)) return;
    try {
      listener(visibleEvent(event, caller));
    } catch {
      // The listener's own affair.
    }
  });
  return () => end({ flush: true });
}

export function concerns(event: QueueEvent, ids: ReadonlySet<string>): boolean {
  if (event.kind === "batch") return ids.has(event.batch.batchId);
  return ids.has(event.job.id) || (event.job.batchId !== undefined && ids.has(event.job.batchId));
}
