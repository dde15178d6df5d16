import type { BatchInfo, JobInfo } from "@brains/job-queue";
import { turns } from "@brains/job-queue/testing";
import type { TestQueue } from "@brains/job-queue/testing";
import { isEndedState } from "../states.ts";
import { withTimeLimit } from "../time-limit.ts";
import { waitsForPerson } from "../waiting.ts";
import type { Settled, Work } from "../waiting.ts";

const NEAR = 5000;

/**
 * Lets the worker run until the work has ended or nothing moves any more (it waits for a person, or for something that does). Time stands still while
 * handlers run; when all is quiet the clock jumps to whatever is due next, so that retries, delays and sleeps cost no time. `limit`: real milliseconds.
 */
export async function settle(queue: TestQueue, work: Work, limit: number): Promise<Settled> {
  const quiet = new AbortController();
  const late = () => {
    quiet.abort();
    return new Error(
      `${work.kind} ${work.id} did not end within ${limit / 1000} seconds. Does its handler wait for something, or is there none?`,
    );
  };
  return withTimeLimit(untilQuiet(queue, work, quiet.signal), limit, late);
}

async function untilQuiet(queue: TestQueue, work: Work, signal: AbortSignal): Promise<Settled> {
  let changed = Promise.withResolvers<void>();
  const end = queue.events.subscribe({ after: await queue.events.cursor() }, () => changed.resolve());
  signal.addEventListener("abort", () => changed.resolve());
  try {
    for (;;) {
      // Renewed before the look, so that no change between the look and the wait is lost.
      changed = Promise.withResolvers<void>();
      await turns();
      const settled = await present(queue, work);
      const { ready, processing, delayed } = await queue.stats();
      if (signal.aborted || isOver(settled)) return settled;
      if (ready > 0 || processing > 0) await changed.promise;
      else if (delayed > 0) await skipToNext(queue);
      else return settled;
    }
  } finally {
    end();
  }
}

async function present(queue: TestQueue, { kind, id }: Work): Promise<Settled> {
  if (kind === "job") return { kind, job: (await queue.service.getStatus(id)) as JobInfo };
  const batch = (await queue.batches.getBatchStatus(id)) as BatchInfo;
  return { kind, batch, waits: await waitsForPerson(queue, id) };
}

function isOver(settled: Settled): boolean {
  return settled.kind === "batch" ? isEndedState(settled.batch.status) : isEndedState(settled.job.state);
}

/** Far jumps set the clock and wake the worker, because firing every timer of a day one by one takes seconds. */
async function skipToNext({ service, clock, worker }: TestQueue): Promise<void> {
  const waiting = await service.list({ state: "pending", limit: 1000 });
  const next = Math.min(...waiting.items.map((job) => job.runAt));
  const wait = next - clock.now();
  if (wait <= NEAR) return clock.advance(Math.max(1, wait));
  if (!Number.isFinite(next)) return clock.advance(NEAR);
  clock.set(next);
  worker.wake();
}
