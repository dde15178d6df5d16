// Input that was sent before it was known what would run: an approval shows and binds it.
import type { JobQueue } from "@brains/job-queue";
import { sha256 } from "./digest.ts";

export interface EarlyInput {
  readonly senders: readonly string[];
  readonly pieces: number;
  /** The beginning of it. */
  readonly text: string;
  /** Over all of it. */
  readonly sha256: string;
}

const SPACE = "shell:early-input";
const SHOWN = 16 * 1024;

const keyOf = (job: number, run: number) => `${job}:${run}`;

export async function earlyInputOf(queue: JobQueue, job: number, run: number): Promise<EarlyInput | undefined> {
  return queue.kv.get<EarlyInput>(SPACE, keyOf(job, run));
}

/** Before the input itself is stored, so that no input is there which an approval does not see. */
export async function rememberEarlyInput(
  queue: JobQueue,
  { number, run }: { readonly number: number; readonly run: number },
  input: { readonly text: string; readonly eof: boolean; readonly sender: string },
): Promise<void> {
  const before = await earlyInputOf(queue, number, run);
  await queue.kv.set(SPACE, keyOf(number, run), {
    senders: [...new Set([...(before?.senders ?? []), input.sender])],
    pieces: (before?.pieces ?? 0) + 1,
    text: `${before?.text ?? ""}${input.text}`.slice(0, SHOWN),
    sha256: sha256(`${before?.sha256 ?? ""}\n${input.sender}\n${input.eof}\n${input.text}`),
  } satisfies EarlyInput);
}

/** Of jobs that are gone. */
export async function forgetEarlyInput(queue: JobQueue, isGone: (job: number) => Promise<boolean>): Promise<void> {
  for (const { key } of await queue.kv.list(SPACE)) {
    if (await isGone(Number(key.split(":")[0]))) await queue.kv.delete(SPACE, key);
  }
}
