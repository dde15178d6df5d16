import type { Attempt } from "./attempt.ts";
import { type DurableCalls, type PrepareMember, durableCalls } from "./durable-calls.ts";
import type { JobContext } from "./handler.ts";
import { publicId } from "./ids.ts";
import type { Origin } from "./job.ts";

/** What a handler is given. Made for every job, so what most short ones never use is made when it is asked for. */
export function createContext(attempt: Attempt, id: string, prepareMember: PrepareMember): JobContext {
  const { job } = attempt;
  const origin = job.origin === null ? undefined : (JSON.parse(job.origin) as Origin);
  let made: DurableCalls | undefined;
  const durable = () => (made ??= durableCalls(attempt, origin, prepareMember));
  return {
    id,
    number: job.id,
    type: job.type,
    run: job.run,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    label: job.label ?? undefined,
    batchId: job.batch === null || job.batchSecret === null ? undefined : publicId(job.batch, job.batchSecret),
    origin,
    get signal() {
      return attempt.signal;
    },
    progress: (progress) => attempt.progress(progress),
    log: (text, stream) => attempt.log(text, stream),
    step: (name, fn, options) => durable().step(name, fn, options),
    requestDecision: (request) => durable().requestDecision(request),
    waitFor: (ids) => durable().waitFor(ids),
    sleep: (ms) => durable().sleep(ms),
    addToBatch: (operations) => durable().addToBatch(operations),
    readInput: () => attempt.readInput(),
    waitsForInput: (waits) => attempt.waitsForInput(waits),
    stillWorking: () => attempt.heard(),
  };
}
