import { batchOperation, jobOperation, type BatchInfo, type JobInfo, type Operation } from "@brains/shell";

/** Estimates from past runs are known to `shell:status` alone: between two looks the last one holds. */
function withEstimate(fresh: Operation, known: Operation | undefined): Operation {
  const usable =
    known?.run === fresh.run && fresh.status === "processing" && fresh.times.estimatedCompletion === undefined;
  if (!usable || known.times.estimatedCompletion === undefined) return fresh;
  return {
    ...fresh,
    estimatedCompletion: known.estimatedCompletion,
    estimateSource: known.estimateSource,
    times: { ...fresh.times, estimatedCompletion: known.times.estimatedCompletion },
  };
}

/** The line of a job, from an event of `at`. */
export function jobLine(job: JobInfo, known: Operation | undefined, at: number): Operation {
  return withEstimate(jobOperation(job, { now: at }), known);
}

/** The line of a batch. Which requests its members wait on, the event does not say. */
export function batchLine(batch: BatchInfo, known: Operation | undefined, at: number): Operation {
  const requests = known?.run === batch.run ? known.requests : [];
  return withEstimate(batchOperation(batch, { now: at, requests }), known);
}
