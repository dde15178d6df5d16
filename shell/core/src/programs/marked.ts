// What is stored about each program while it runs: who may have to end it, and whether it reads what is sent.
import type { JobQueue } from "@brains/job-queue";

/** The namespace of marks; they are looked for at each start of a worker. */
export const MARKS = "shell:programs";

export interface Marked {
  readonly job: number;
  readonly run: number;
  readonly attempt: number;
  readonly worker: number | undefined;
  readonly pid: number;
  /** All of its input was given when it was asked for. */
  readonly inputGiven: boolean;
}

/** Whether what runs now in this run of the job reads nothing that is sent. */
export async function readsNothing(
  { kv }: JobQueue,
  { number, run }: { readonly number: number; readonly run: number },
): Promise<boolean> {
  const all = (await kv.list(MARKS)).map(({ value }) => value as Marked);
  const running = all.filter((one) => one.job === number && one.run === run);
  return running.length > 0 && running.every(({ inputGiven }) => inputGiven);
}
