// Output that nobody writes any more: told how it ended, compressed, and removed with its job.
import type { JobQueue } from "@brains/job-queue";
import { OutputLog } from "@brains/process";
import { count } from "../wording.ts";
import { forgetEarlyInput } from "./early-input.ts";
import type { LeftOver } from "./marks.ts";
import { attemptFolders, jobsWithOutput, removeOutput } from "./output/folder.ts";

/** Removes what belongs to jobs that are gone. */
export async function keepHouse(queue: JobQueue, home: string): Promise<void> {
  const isGone = async (job: number) => (await queue.service.getStatus(job)) === null;
  for (const job of await jobsWithOutput(home)) {
    if (await isGone(job)) await removeOutput(home, job);
  }
  await forgetEarlyInput(queue, isGone);
}

/** A note at the end of the log of a program whose worker died. */
export async function sayLeftOver(home: string, { job, run, attempt, pid, stopped, left }: LeftOver): Promise<void> {
  const folder = (await attemptFolders(home, job)).findLast((one) => one.run === run && one.attempt === attempt);
  if (folder === undefined) return;
  const log = await OutputLog.open(folder.path);
  const found =
    stopped === 0
      ? "Nothing of it was found still running."
      : `Still found and ended: ${count(stopped, "process", "processes")}.`;
  const stuck = left.length === 0 ? "" : ` Could not be ended: ${left.join(", ")}.`;
  void log.append("note", Buffer.from(`\nThe worker (process ${pid}) died while the program ran. ${found}${stuck}\n`));
  await log.finish();
}
