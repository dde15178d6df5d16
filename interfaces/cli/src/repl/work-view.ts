// What the prompt knows of the brain's work, as a pure function of (view, event). Events of the journal keep it current between two
// looks at `shell:status`, which alone knows estimates, notes and the wording of requests.
import type { BatchEvent, JobEvent, Operation, RequestView, StatusReply } from "@brains/shell";
import { isActive } from "../render/operations.ts";
import { batchLine, jobLine } from "./operation-of.ts";

export interface WorkView {
  /** Active work by id; members of a batch are folded into it. */
  readonly operations: ReadonlyMap<string, Operation>;
  /** Open requests, oldest first. */
  readonly requests: readonly RequestView[];
  /** (id, run) of what was told to have ended, so that it is told once. */
  readonly told: ReadonlySet<string>;
  /** What ended since the last `told` event, in order: one line each in the scrollback. */
  readonly ended: readonly Operation[];
  /** `shell:status` knows more than this view: ask it soon. */
  readonly stale: boolean;
  readonly workers: number;
}

export type WorkEvent =
  | { readonly type: "status"; readonly status: StatusReply; readonly first: boolean }
  | { readonly type: "work"; readonly event: JobEvent | BatchEvent }
  | { readonly type: "told" };

export const EMPTY_VIEW: WorkView = {
  operations: new Map(),
  requests: [],
  told: new Set(),
  ended: [],
  stale: true,
  workers: 0,
};

function runKey(operation: Operation): string {
  return `${operation.id} ${operation.run}`;
}

/** Take in operations as they stand now; what ended is told once per run. */
function settle(view: WorkView, changed: readonly Operation[], tell: boolean): WorkView {
  const operations = new Map(view.operations);
  const told = new Set(view.told);
  const ended = [...view.ended];
  for (const operation of changed) {
    if (isActive(operation)) {
      if (!told.has(runKey(operation))) operations.set(operation.id, operation);
      continue;
    }
    operations.delete(operation.id);
    if (told.has(runKey(operation))) continue;
    told.add(runKey(operation));
    if (tell) ended.push(operation);
  }
  return { ...view, operations, told, ended };
}

function reduceStatus(view: WorkView, status: StatusReply, first: boolean): WorkView {
  const next = settle(view, status.operations, !first);
  const alive = new Set(status.operations.map((operation) => operation.id));
  // What the status no longer lists is gone (deleted, or ended long ago), unless it could not list everything.
  const operations = status.more ? next.operations : new Map([...next.operations].filter(([id]) => alive.has(id)));
  return { ...next, operations, requests: status.requests, stale: false, workers: status.workers.length };
}

function reduceJob(view: WorkView, { job, change, state, run, at }: JobEvent): WorkView {
  const stale = view.stale || (change !== "progress" && change !== "ended" && change !== "started");
  const requests =
    change === "decided" || change === "ended"
      ? view.requests.filter((request) => request.jobId !== job.id)
      : view.requests;
  if (job.batchId !== undefined) {
    const batch = view.operations.get(job.batchId);
    if (batch === undefined || change !== "progress" || job.progress?.message === undefined)
      return { ...view, requests, stale };
    const currentTask = `${job.label ?? job.type}: ${job.progress.message}`;
    return { ...view, requests, stale, operations: new Map(view.operations).set(batch.id, { ...batch, currentTask }) };
  }
  // The event may be older than the job it carries; what it recorded itself decides whether a run ended.
  const now = change === "ended" ? { ...job, state, run } : job;
  const known = view.operations.get(job.id);
  if (known !== undefined && known.run > now.run) return { ...view, requests, stale };
  return { ...settle(view, [jobLine(now, known, at)], true), requests, stale };
}

function reduceBatch(view: WorkView, { batch, change, at }: BatchEvent): WorkView {
  const known = view.operations.get(batch.batchId);
  if (known !== undefined && known.run > batch.run) return view;
  const stale = view.stale || (change !== "progress" && change !== "ended");
  return { ...settle(view, [batchLine(batch, known, at)], true), stale };
}

export function reduceWork(view: WorkView, event: WorkEvent): WorkView {
  if (event.type === "told") return view.ended.length === 0 ? view : { ...view, ended: [] };
  if (event.type === "status") return reduceStatus(view, event.status, event.first);
  return event.event.kind === "job" ? reduceJob(view, event.event) : reduceBatch(view, event.event);
}

/** "Needs you" first, then what runs, then what waits; each oldest first, so that lines keep their places. */
export function inOrder(view: WorkView): Operation[] {
  const rank = (operation: Operation) =>
    operation.requests.length > 0 || operation.status === "waiting_approval"
      ? 0
      : operation.status === "processing"
        ? 1
        : 2;
  return [...view.operations.values()].sort((a, b) => rank(a) - rank(b) || a.number - b.number);
}
