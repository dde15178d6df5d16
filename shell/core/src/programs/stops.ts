// A worker that stops ends its programs and gives their jobs back. A program is not repeated on its own, so such a job ends at its next start.
import type { JobQueue } from "@brains/job-queue";
import type { JobContext } from "@brains/plugin";
import { BrainsError } from "../errors.ts";

const SPACE = "shell:stopped-programs";

const keyOf = ({ number, run }: JobContext) => `${number}:${run}`;

export async function noteStop(queue: JobQueue, job: JobContext): Promise<void> {
  await queue.kv.set(SPACE, keyOf(job), true).catch(() => undefined);
}

/** Throws PROGRAM_INTERRUPTED where a program of this run was ended by the stop of its worker. */
export async function clearStop(queue: JobQueue, job: JobContext): Promise<void> {
  if ((await queue.kv.get(SPACE, keyOf(job))) === undefined) return;
  await queue.kv.delete(SPACE, keyOf(job));
  throw new BrainsError("PROGRAM_INTERRUPTED");
}
