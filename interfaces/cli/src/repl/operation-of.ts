import type { BatchInfo, JobInfo } from "@brains/plugin";
import type { Operation } from "@brains/shell";

const iso = (at: number) => new Date(at).toISOString();

function progressText(current: number, total: number | undefined, unit: string | undefined): string {
  const suffix = unit === undefined ? "" : ` ${unit}`;
  if (total === undefined || total <= 0) return `${current}${suffix}`;
  const percent = current >= total ? 100 : Math.min(99, Math.round((current / total) * 100));
  return `${current}/${total}${suffix} (${percent}%)`;
}

/** The line of `shell:status` for a job, from an event; what only the shell knows (estimates) is taken from the last look. */
export function jobOperation(job: JobInfo, known: Operation | undefined): Operation {
  const same = known?.run === job.run ? known : undefined;
  const progress = job.progress;
  const total = progress?.total;
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
    progress: progress === undefined ? undefined : progressText(progress.current, total, progress.unit ?? job.unit),
    currentTask: progress?.message ?? same?.currentTask,
    startedAt: same?.startedAt,
    estimatedCompletion: same?.estimatedCompletion,
    estimateSource: same?.estimateSource,
    note: job.state === same?.status ? same.note : undefined,
    error: job.error?.message,
    requests: job.state === "waiting_approval" && job.request !== undefined ? [job.request] : [],
    waitsFor: job.waitsFor,
    counts: {
      current: progress?.current,
      total,
      unit: progress?.unit ?? job.unit,
      percent: progress === undefined || total === undefined || total <= 0 ? undefined : Math.min(100, (progress.current / total) * 100),
    },
    times: {
      createdAt: iso(job.createdAt),
      runAt: iso(job.runAt),
      startedAt: job.startedAt === undefined ? undefined : iso(job.startedAt),
      endedAt: job.endedAt === undefined ? undefined : iso(job.endedAt),
      estimatedCompletion: job.state === "processing" ? same?.times.estimatedCompletion : undefined,
    },
  };
}

export function batchOperation(batch: BatchInfo, known: Operation | undefined): Operation {
  const same = known?.run === batch.run ? known : undefined;
  const settled = batch.completedOperations + batch.failedOperations + batch.cancelledOperations;
  return {
    kind: "batch",
    id: batch.batchId,
    number: batch.number,
    plugin: batch.plugin,
    type: batch.type,
    label: batch.label ?? batch.type ?? "batch",
    status: batch.status,
    cancelling: same?.cancelling ?? false,
    run: batch.run,
    progress: progressText(settled, batch.totalOperations, batch.unit),
    currentTask: batch.currentOperation,
    startedAt: same?.startedAt,
    estimatedCompletion: same?.estimatedCompletion,
    estimateSource: same?.estimateSource,
    note: batch.status === same?.status ? same.note : undefined,
    errors: batch.errors,
    requests: same?.requests ?? [],
    waitsFor: batch.status === "pending" ? (same?.waitsFor ?? []) : [],
    counts: {
      current: settled,
      total: batch.totalOperations,
      unit: batch.unit,
      percent: batch.percent,
      completed: batch.completedOperations,
      failed: batch.failedOperations,
      cancelled: batch.cancelledOperations,
      processing: batch.processingOperations,
    },
    times: {
      createdAt: iso(batch.createdAt),
      startedAt: batch.startedAt === undefined ? undefined : iso(batch.startedAt),
      endedAt: batch.endedAt === undefined ? undefined : iso(batch.endedAt),
      estimatedCompletion: batch.status === "processing" ? same?.times.estimatedCompletion : undefined,
    },
  };
}
