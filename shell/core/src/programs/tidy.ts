// Removes what belongs to jobs that are gone.
import type { JobQueue } from "@brains/job-queue";
import { forgetEarlyInput } from "./early-input.ts";
import { jobsWithOutput, removeOutput } from "./output/folder.ts";

export async function tidy(queue: JobQueue, home: string): Promise<void> {
  const isGone = async (job: number) => (await queue.service.getStatus(job)) === null;
  for (const job of await jobsWithOutput(home)) {
    if (await isGone(job)) await removeOutput(home, job);
  }
  await forgetEarlyInput(queue, isGone);
}
