// One line of shell:status, from a job or a batch.
import type { BatchInfo, JobInfo } from "@brains/job-queue/handler";
import { isEndedState } from "./states.ts";
import { estimate } from "./estimates.ts";
import type { Estimate, History } from "./estimates.ts";
import type { Operation } from "./replies.ts";
import { isoIf, iso, originView, settledOf } from "./views.ts";
import type { Handlers } from "./views.ts";
import { durationText, numbersText, oneLine, percentOf, progressText, relativeTime } from "./wording.ts";

export interface JobFacts {
  readonly now: number;
  readonly history?: History | null | undefined;
  readonly handlers?: Handlers;
}

export function jobOperation(job: JobInfo, { now, history, handlers }: JobFacts): Operation {
  const { progress, startedAt, endedAt } = job;
  const running = job.state === "processing";
  const unit = progress?.unit ?? job.unit;
  const guess = running
    ? estimate({ startedAt, current: progress?.current, total: progress?.total, history }, now)
    : undefined;
  return {
    kind: "job",
    id: job.id,
    number: job.number,
    plugin: job.plugin,
    type: job.type,
    label: job.label ?? job.type,
    status: job.state,
    reason: job.reason,
    cancelling: job.cancelling,
    run: job.run,
    progress: progress && progressText({ ...progress, unit }),
    currentTask: running ? progress?.message : undefined,
    ...startAndEnd(startedAt, guess, now),
    note: noteOf(job, now, handlers),
    error: job.error && oneLine(job.error.message, 300),
    requests: job.request === undefined ? [] : [job.request],
    waitsFor: job.waitsFor,
    counts: {
      current: progress?.current,
      total: progress?.total,
      unit,
      percent: percentOf(progress?.current ?? 0, progress?.total),
    },
    times: {
      createdAt: iso(job.createdAt),
      runAt: iso(job.runAt),
      startedAt: isoIf(startedAt),
      endedAt: isoIf(endedAt),
      estimatedCompletion: isoIf(guess?.at),
      elapsed: startedAt === undefined ? undefined : Math.max(0, (endedAt ?? now) - startedAt),
    },
    origin: originView(job.origin),
  };
}

export interface BatchFacts {
  readonly now: number;
  /** Numbers of open requests of its members. */
  readonly requests?: readonly number[] | undefined;
  /** What the member that runs now says it is doing. */
  readonly currentMessage?: string | undefined;
}

export function batchOperation(batch: BatchInfo, { now, requests = [], currentMessage }: BatchFacts): Operation {
  const { startedAt, endedAt, totalOperations: total, currentOperation } = batch;
  const current = settledOf(batch);
  const unit = batch.unit ?? "jobs";
  // An open batch still grows, so its own rate says nothing about its end.
  const guess = batch.status === "processing" && !batch.open ? estimate({ startedAt, current, total }, now) : undefined;
  return {
    kind: "batch",
    id: batch.batchId,
    number: batch.number,
    plugin: batch.plugin,
    type: batch.type,
    label: batch.label ?? batch.type ?? `batch of ${unit}`,
    status: batch.status,
    cancelling: batch.cancelling,
    run: batch.run,
    progress: progressText({ current, total, unit }),
    currentTask:
      currentOperation && (currentMessage === undefined ? currentOperation : `${currentOperation}: ${currentMessage}`),
    ...startAndEnd(startedAt, guess, now),
    note: requests.length > 0 ? `waits for a decision on ${numbersText(requests)}` : undefined,
    error: batch.errors[0] && oneLine(batch.errors[0].message, 300),
    errors: batch.errors,
    requests,
    waitsFor: [],
    counts: {
      current,
      total,
      unit,
      percent: percentOf(current, total) ?? batch.percent,
      completed: batch.completedOperations,
      failed: batch.failedOperations,
      cancelled: batch.cancelledOperations,
      processing: batch.processingOperations,
    },
    times: {
      createdAt: iso(batch.createdAt),
      startedAt: isoIf(startedAt),
      endedAt: isoIf(endedAt),
      estimatedCompletion: isoIf(guess?.at),
      elapsed: startedAt === undefined ? undefined : Math.max(0, (endedAt ?? now) - startedAt),
    },
    origin: originView(batch.origin),
  };
}

function startAndEnd(startedAt: number | undefined, guess: Estimate | undefined, now: number) {
  return {
    startedAt: startedAt === undefined ? undefined : relativeTime(startedAt, now),
    estimatedCompletion: guess?.text,
    estimateSource: guess?.source,
  };
}

/** Why a job does not move, in words. */
function noteOf(job: JobInfo, now: number, handlers: Handlers): string | undefined {
  if (isEndedState(job.state)) return undefined;
  if (job.cancelling) return "told to stop";
  if (job.state === "waiting_approval")
    return job.request === undefined ? "waits for a decision" : `waits for a decision on #${job.request}`;
  if (job.state === "blocked") return job.waitsFor.length > 0 ? `waits for ${numbersText(job.waitsFor)}` : "waits";
  if (job.worker !== undefined && !job.worker.answering)
    return `worker not answering for ${durationText(now - job.worker.seenAt)}`;
  if (job.state !== "pending") return job.waitingFor === "input" ? "waits for input" : undefined;
  if (handlers !== undefined && !handlers.has(job.type))
    return `no handler: is the plugin ${job.plugin ?? "that has it"} loaded?`;
  if (job.paused === true) return "paused";
  const later = job.runAt - now;
  if (job.attempt > 0 && job.error !== undefined) {
    return `try ${job.attempt + 1} of ${job.maxAttempts} ${later > 0 ? relativeTime(job.runAt, now) : "next"}`;
  }
  return later > 1000 ? `starts ${relativeTime(job.runAt, now)}` : undefined;
}
