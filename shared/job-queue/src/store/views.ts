import { publicId } from "../ids.ts";
import type {
  BatchError,
  BatchInfo,
  BatchPolicy,
  Decision,
  EndReason,
  JobInfo,
  Origin,
  RequestInfo,
  StoredError,
} from "../job.ts";
import { PROCESSING, COMPLETED, REQUEST_DECIDED, REQUEST_OPEN, REQUEST_EXPIRED, batchWord, jobWord } from "./codes.ts";
import { isPaused } from "./pauses.ts";

/** A job as the read queries join it. */
export interface JobRowView {
  id: number;
  secret: string;
  type: string;
  state: number;
  reason: string | null;
  control: number;
  fence: number;
  /** The fence of the attempt that waits for input. */
  waits: number | null;
  run: number;
  attempt: number;
  maxAttempts: number;
  priority: number;
  key: string | null;
  label: string | null;
  unit: string | null;
  data: string | null;
  origin: string | null;
  pluginVersion: string | null;
  handlerVersion: string | null;
  createdAt: number;
  runAt: number;
  startedAt: number | null;
  endedAt: number | null;
  batch: number | null;
  batchSecret: string | null;
  result: string | null;
  error: string | null;
  progressRun: number | null;
  progressCurrent: number | null;
  progressTotal: number | null;
  progressUnit: string | null;
  progressMessage: string | null;
  progressDetails: string | null;
  progressAt: number | null;
  workerId: number | null;
  workerPid: number | null;
  workerSeenAt: number | null;
}

/** What was damaged on the disk is shown as absent: one bad row must not keep a list from being shown. */
function parse(json: string | null): unknown {
  if (json === null) return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

export const pluginOf = (type: string): string | undefined =>
  type.includes(":") ? type.slice(0, type.indexOf(":")) : undefined;

export function jobView(
  row: JobRowView,
  extra: {
    waitsFor: readonly number[];
    request?: number | undefined;
    silentBefore: number;
    paused: ReadonlySet<string>;
  },
): JobInfo {
  return {
    id: publicId(row.id, row.secret),
    number: row.id,
    type: row.type,
    plugin: pluginOf(row.type),
    label: row.label ?? undefined,
    unit: row.unit ?? undefined,
    state: jobWord(row.state),
    reason: (row.reason as EndReason | null) ?? undefined,
    cancelling: row.state === PROCESSING && row.control !== 0,
    waitingFor: row.state === PROCESSING && row.waits === row.fence ? "input" : undefined,
    paused: jobWord(row.state) === "pending" && isPaused(extra.paused, row.type) ? true : undefined,
    waitsFor: extra.waitsFor,
    request: extra.request,
    run: row.run,
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    priority: row.priority,
    key: row.key ?? undefined,
    batchId: row.batch === null || row.batchSecret === null ? undefined : publicId(row.batch, row.batchSecret),
    batchNumber: row.batch ?? undefined,
    progress:
      row.progressRun !== row.run || row.progressCurrent === null || row.progressAt === null
        ? undefined
        : {
            current: row.progressCurrent,
            total: row.progressTotal ?? undefined,
            unit: row.progressUnit ?? undefined,
            message: row.progressMessage ?? undefined,
            details: parse(row.progressDetails),
            at: row.progressAt,
          },
    data: parse(row.data),
    result: row.state === COMPLETED ? parse(row.result) : undefined,
    error: parse(row.error) as StoredError | undefined,
    createdAt: row.createdAt,
    runAt: row.runAt,
    startedAt: row.startedAt ?? undefined,
    endedAt: row.endedAt ?? undefined,
    origin: parse(row.origin) as Origin | undefined,
    pluginVersion: row.pluginVersion ?? undefined,
    handlerVersion: row.handlerVersion ?? undefined,
    worker:
      row.workerId === null || row.workerPid === null || row.workerSeenAt === null || row.state !== PROCESSING
        ? undefined
        : {
            id: row.workerId,
            pid: row.workerPid,
            seenAt: row.workerSeenAt,
            answering: row.workerSeenAt >= extra.silentBefore,
          },
  };
}

export interface BatchRowView {
  id: number;
  secret: string;
  state: number;
  control: number;
  open: number;
  policy: string;
  run: number;
  label: string | null;
  unit: string | null;
  plugin: string | null;
  total: number;
  processing: number;
  completed: number;
  failed: number;
  cancelled: number;
  planners: number;
  planned: number;
  staged: number;
  origin: string | null;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
}

export function batchView(
  row: BatchRowView,
  extra: { currentOperation?: string | undefined; errors: readonly BatchError[]; type?: string | undefined },
): BatchInfo {
  const completed = row.completed - row.planned;
  const total = row.total + row.staged - row.planners;
  const ended = completed + row.failed + row.cancelled;
  return {
    batchId: publicId(row.id, row.secret),
    number: row.id,
    label: row.label ?? undefined,
    unit: row.unit ?? undefined,
    status: batchWord(row),
    cancelling: row.state < COMPLETED && row.control !== 0,
    open: row.open === 1,
    policy: row.policy as BatchPolicy,
    run: row.run,
    totalOperations: total,
    completedOperations: completed,
    failedOperations: row.failed,
    cancelledOperations: row.cancelled,
    processingOperations: row.processing,
    percent: row.state >= COMPLETED ? 100 : total === 0 ? 0 : Math.floor((ended * 100) / total),
    currentOperation: extra.currentOperation,
    errors: extra.errors,
    plugin: row.plugin ?? undefined,
    type: extra.type,
    createdAt: row.createdAt,
    startedAt: row.startedAt ?? undefined,
    endedAt: row.endedAt ?? undefined,
    origin: parse(row.origin) as Origin | undefined,
  };
}

export interface RequestRowView {
  id: number;
  secret: string;
  job: number;
  jobSecret: string;
  jobType: string;
  jobLabel: string | null;
  run: number;
  name: string;
  question: string;
  choices: string;
  details: string | null;
  digest: string | null;
  state: number;
  createdAt: number;
  expiresAt: number | null;
  choice: string | null;
  comment: string | null;
  principal: string | null;
  interface: string | null;
  decidedAt: number | null;
  origin: string | null;
}

export function requestView(row: RequestRowView): RequestInfo {
  const decision: Decision | undefined =
    row.state === REQUEST_DECIDED && row.choice !== null && row.decidedAt !== null
      ? {
          choice: row.choice,
          comment: row.comment ?? undefined,
          principal: row.principal ?? undefined,
          interface: row.interface ?? undefined,
          digest: row.digest ?? undefined,
          at: row.decidedAt,
        }
      : undefined;
  return {
    id: publicId(row.id, row.secret),
    number: row.id,
    jobId: publicId(row.job, row.jobSecret),
    jobNumber: row.job,
    jobType: row.jobType,
    jobLabel: row.jobLabel ?? undefined,
    run: row.run,
    name: row.name,
    question: row.question,
    choices: JSON.parse(row.choices) as string[],
    details: parse(row.details),
    digest: row.digest ?? undefined,
    state:
      row.state === REQUEST_OPEN
        ? "open"
        : row.state === REQUEST_DECIDED
          ? "decided"
          : row.state === REQUEST_EXPIRED
            ? "expired"
            : "void",
    createdAt: row.createdAt,
    expiresAt: row.expiresAt ?? undefined,
    decision,
    origin: parse(row.origin) as Origin | undefined,
  };
}
