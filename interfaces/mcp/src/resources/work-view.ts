import type { JobReply, JobView } from "@brains/shell";
import { batchUri, jobUri, outputUri, resultUri } from "./work-uri.ts";

/** A result that is longer is read by an address of its own. */
const RESULT_BYTES = 8 * 1024;

type JobWork = Extract<JobReply, { kind: "job" }>;
type BatchWork = Extract<JobReply, { kind: "batch" }>;

/** What a client needs to know of a job to go on: how it stands and what came of it, not what went in. */
export function jobResource({ operation, job, steps, runs, requests }: JobWork): object {
  const { number, id, label, type, status: state, reason, progress, currentTask, note, times, run } = operation;
  const asked = requests.filter((request) => request.state === "open");
  return {
    number,
    id,
    label,
    type,
    state,
    reason,
    run,
    progress,
    currentTask,
    note,
    times,
    ...(operation.cancelling && { cancelling: true }),
    ...(job.waitingFor !== undefined && { waitingFor: job.waitingFor }),
    ...(job.batchId !== undefined && { batch: job.batchId }),
    ...(asked.length > 0 && { waitsForPerson: asked.map((one) => ({ request: one.number, question: one.question })) }),
    ...(steps.length > 0 && { steps: steps.map(({ name }) => name) }),
    ...(runs.length > 1 && { runs: runs.map((one) => ({ run: one.run, state: one.state, reason: one.reason })) }),
    ...(job.error && { error: job.error }),
    ...resultOf(job),
    output: outputUri(number),
  };
}

export function batchResource({ operation, batch, jobs, next }: BatchWork): object {
  const { number, id, label, status, progress, currentTask, note, times, run, requests } = operation;
  const { totalOperations, completedOperations, failedOperations, cancelledOperations, errors } = batch;
  return {
    number,
    id,
    label,
    status,
    run,
    progress,
    currentTask,
    note,
    times,
    totalOperations,
    completedOperations,
    failedOperations,
    cancelledOperations,
    ...(requests.length > 0 && { waitsForPerson: requests.map((request) => ({ request })) }),
    ...(errors.length > 0 && { errors }),
    jobs: jobs.map((job) => ({ uri: jobUri(job.number), label: job.label ?? job.type, state: job.state })),
    ...(next !== undefined && { more: "shell_jobs with this batch lists the rest" }),
    uri: batchUri(number),
  };
}

function resultOf({ number, state, result, withheld }: JobView): object {
  if (withheld === true) return { withheld: true };
  if (state !== "completed" || result === undefined) return {};
  const bytes = Buffer.byteLength(JSON.stringify(result) ?? "");
  return bytes <= RESULT_BYTES ? { result } : { resultBytes: bytes, resultAt: resultUri(number) };
}
