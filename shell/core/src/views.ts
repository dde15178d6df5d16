// From what the queue knows to what a caller is shown.
import type { BatchInfo, JobInfo, Origin, RequestInfo } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import type { BatchView, JobView, OriginView, ProgressView, RequestView } from "./replies.ts";
import { withoutHashes } from "./programs/is-card.ts";
import { decides, seesContent } from "./rights.ts";
import { percentOf, progressText, relativeTime } from "./wording.ts";

/** Which job types have a handler in this process; undefined where no plugins are loaded, so nothing can be said. */
export type Handlers = ReadonlySet<string> | undefined;

export function jobView(job: JobInfo, caller: Caller, handlers?: Handlers): JobView {
  const { data, result, progress, origin, createdAt, runAt, startedAt, endedAt, ...rest } = job;
  const shown = seesContent(caller, origin);
  return {
    ...rest,
    ...(shown ? { data, result } : { withheld: true }),
    progress: progress && { ...progressView(progress, job.unit), at: iso(progress.at) },
    origin: originView(origin),
    createdAt: iso(createdAt),
    runAt: iso(runAt),
    startedAt: isoIf(startedAt),
    endedAt: isoIf(endedAt),
    ...(handlers === undefined ? {} : { handler: handlers.has(job.type) }),
  };
}

/** For lists: without what went in and came out, which may be large. */
export function jobSummary(job: JobInfo, caller: Caller, handlers?: Handlers): JobView {
  const view: { -readonly [Key in keyof JobView]: JobView[Key] } = jobView(job, caller, handlers);
  delete view.data;
  delete view.result;
  return view;
}

export function batchView(batch: BatchInfo, now: number): BatchView {
  const { origin, createdAt, startedAt, endedAt, ...rest } = batch;
  return {
    ...rest,
    progress: {
      ...progressView({ current: settledOf(batch), total: batch.totalOperations }, batch.unit ?? "jobs"),
      message: batch.currentOperation,
      at: iso(endedAt ?? now),
    },
    origin: originView(origin),
    createdAt: iso(createdAt),
    startedAt: isoIf(startedAt),
    endedAt: isoIf(endedAt),
  };
}

/** Hashes of values and files are for whoever may decide: anybody else could find out by them what a short secret or an unreadable file is. */
export function requestView(request: RequestInfo, now: number, caller: Caller): RequestView {
  const { origin, decision, createdAt, expiresAt, digest, details, ...rest } = request;
  const shown = decides(caller) ? { details, digest } : { details: withoutHashes(details) };
  return {
    ...rest,
    ...shown,
    createdAt: iso(createdAt),
    expiresAt: isoIf(expiresAt),
    asked: relativeTime(createdAt, now),
    decision: decision && { ...decision, at: iso(decision.at) },
    origin: originView(origin),
  };
}

/** Ended members of a batch, however they ended. */
export function settledOf(batch: BatchInfo): number {
  return batch.completedOperations + batch.failedOperations + batch.cancelledOperations;
}

export function originView(origin: Origin | undefined): OriginView | undefined {
  if (origin === undefined) return undefined;
  const { principal, role, conversation } = origin;
  return { principal, role, interface: origin.interface, conversation };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoIf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : iso(ms);
}

function progressView(
  progress: {
    current: number;
    total?: number | undefined;
    unit?: string | undefined;
    message?: string | undefined;
    details?: unknown;
  },
  unit: string | undefined,
): Omit<ProgressView, "at"> {
  const { current, total, message, details } = progress;
  const named = { current, total, unit: progress.unit ?? unit };
  return { text: progressText(named), ...named, percent: percentOf(current, total), message, details };
}
