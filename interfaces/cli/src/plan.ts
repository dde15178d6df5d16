import type { JobReply, QueuedReply } from "@brains/shell";
import type { AppSession, DemoPlan } from "./app-port.ts";
import { callVerb } from "./call.ts";

/** Enqueue the steps of a plan, each after the one before, and return their numbers. */
export async function enqueuePlan(
  plan: DemoPlan,
  session: AppSession,
  onQueued: (queued: QueuedReply) => void,
): Promise<number[]> {
  const numbers: number[] = [];
  for (const step of plan.steps) {
    const reply = await session.shell.callTool(step.tool, step.input, session.caller, { after: numbers.slice(-1) });
    if (reply.kind === "data") continue;
    numbers.push(reply.queued.number);
    onQueued(reply.queued);
  }
  await session.ensureWorker();
  return numbers;
}

/** What each of them returned; undefined for a batch. */
export async function resultsOf(session: AppSession, numbers: readonly number[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const id of numbers) {
    const reply = await callVerb<JobReply>(session, "job", { id });
    results.push(reply.kind === "job" ? reply.job.result : undefined);
  }
  return results;
}
