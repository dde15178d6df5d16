// Which results of a conversation its participants have not read yet: a model that comes back to one learns what became of what it started.
import type { BatchInfo, JobInfo, Origin } from "@brains/job-queue/handler";
import type { JobQueue } from "@brains/job-queue";
import type { Caller } from "@brains/plugin";
import { isEndedState } from "./states.ts";

const SPACE = "shell";
/** Results older than this are no news. */
const NEWS = 7 * 86_400_000;
/** What is remembered as read, and what is listed as unread, of one conversation. */
const MOST_READ = 500;
const MOST_UNREAD = 100;

interface Ended {
  readonly number: number;
  readonly run: number;
  readonly state: JobInfo["state"] | BatchInfo["status"];
  readonly origin?: Origin | undefined;
}

const keyOf = (caller: Caller, conversation: string) => `read:${caller.principal}:${conversation}`.slice(0, 500);
const runOf = ({ number, run }: Ended) => `${number}.${run}`;

/** The caller was given this result. Work without a conversation, or that has not ended, leaves no trace. */
export async function markRead({ kv }: JobQueue, caller: Caller, work: Ended): Promise<void> {
  const conversation = work.origin?.conversation;
  if (conversation === undefined || !isEndedState(work.state)) return;
  const key = keyOf(caller, conversation);
  const read = (await kv.get<string[]>(SPACE, key)) ?? [];
  if (!read.includes(runOf(work))) await kv.set(SPACE, key, [...read, runOf(work)].slice(-MOST_READ));
}

export async function unreadOf(
  { kv, service, batches }: JobQueue,
  caller: Caller,
  conversation: string,
  now: number,
): Promise<{ readonly jobs: readonly JobInfo[]; readonly batches: readonly BatchInfo[] }> {
  const read = new Set(await kv.get<string[]>(SPACE, keyOf(caller, conversation)));
  const filter = { conversation, endedSince: now - NEWS, limit: MOST_UNREAD };
  const [ended, endedBatches] = await Promise.all([service.list({ ...filter, batch: null }), batches.list(filter)]);
  return {
    jobs: ended.items.filter((job) => !read.has(runOf(job))),
    batches: endedBatches.items.filter((batch) => !read.has(runOf({ ...batch, state: batch.status }))),
  };
}
