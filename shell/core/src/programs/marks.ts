// Which programs of which worker may have outlived it: stored before each start, looked at when a worker begins.
import type { JobQueue } from "@brains/job-queue";
import { OutputLog, newMark, sweep } from "@brains/process";
import { count } from "../wording.ts";
import { MARKS } from "./marked.ts";
import type { Marked } from "./marked.ts";
import { attemptFolders } from "./output/folder.ts";

export interface LeftOver {
  readonly job: number;
  readonly run: number;
  readonly attempt: number;
  readonly pid: number;
  /** Processes that still ran and were ended. */
  readonly stopped: number;
  /** Processes that could not be ended. */
  readonly left: readonly number[];
}

/** A mark that outlives this process, and what removes it. */
export async function storeMark(
  queue: JobQueue,
  { number, run, attempt }: { readonly number: number; readonly run: number; readonly attempt: number },
  { inputGiven }: Pick<Marked, "inputGiven">,
): Promise<{ readonly mark: string; forget(): Promise<void> }> {
  const mark = newMark();
  const { id: worker } = queue.worker;
  await queue.kv.set(MARKS, mark, { job: number, run, attempt, worker, pid: process.pid, inputGiven } satisfies Marked);
  return { mark, forget: async () => void (await queue.kv.delete(MARKS, mark)) };
}

/** Ends what programs of dead workers left behind. */
export async function sweepLeftOvers(queue: JobQueue): Promise<LeftOver[]> {
  const marked = await queue.kv.list(MARKS);
  if (marked.length === 0) return [];
  const live = new Set((await queue.workers()).map(({ id }) => id));
  const own = queue.worker.id;
  const found: LeftOver[] = [];
  for (const { key, value } of marked) {
    const { worker, job, run, attempt, pid } = value as Marked;
    if (worker !== undefined && (live.has(worker) || worker === own)) continue;
    const { stopped, left } = await sweep(key);
    found.push({ job, run, attempt, pid, stopped, left });
    await queue.kv.delete(MARKS, key);
  }
  return found;
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
  void log.append("note", Buffer.from(`The worker (process ${pid}) died while the program ran. ${found}${stuck}\n`));
  await log.finish();
}
