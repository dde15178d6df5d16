import { type Attempt, handled } from "./attempt.ts";
import { addMembers, inSlices } from "./batches.ts";
import { JobQueueError } from "./errors.ts";
import type { AddedOperation, DecisionRequest, EndedWork, StepOptions, StepReview } from "./handler.ts";
import { parseRef, publicId } from "./ids.ts";
import type { Decision, Origin, StoredError } from "./job.ts";
import { COMPLETED, REQUEST_DECIDED, jobWord } from "./store/codes.ts";
import type { MemberRow } from "./store/batch.ts";
import type { StepRow } from "./store/settle.ts";
import { hashOf, milliseconds, prepareRequest, toJson } from "./validate.ts";

/** Names that the queue gives itself start with this; a handler's may not. */
const OWN = "~";
const REVIEW_CHOICES = ["continue", "retry", "cancel"] as const;

export type PrepareMember = (operation: AddedOperation, origin: Origin | undefined) => MemberRow;

export type DurableCalls = ReturnType<typeof durableCalls>;

/**
 * The calls of a handler whose outcome is stored. A handler that is run again after a suspension or a crash goes through the same calls from the
 * top: finished ones return what was stored. Calls without a name are told apart by their order.
 */
export function durableCalls(attempt: Attempt, origin: Origin | undefined, prepareMember: PrepareMember) {
  const { job, setting } = attempt;
  const { engine } = setting;
  let stored: Map<string, StepRow> | undefined;
  let running: Map<string, Promise<unknown>> | undefined;
  const counters = { sleep: 0, wait: 0, decision: 0 };

  const steps = () => (stored ??= new Map(engine.queries.steps(job.id).map((row) => [row.name, row])));

  function assertName(name: string): void {
    if (typeof name !== "string" || name.length === 0 || name.length > 500 || name.startsWith(OWN)) {
      throw new JobQueueError(
        "INVALID_OPTION",
        `A step needs a name of 1 to 500 characters that does not start with "${OWN}", not ${JSON.stringify(name)}.`,
      );
    }
  }

  async function keep(name: string, kind: string, value: unknown, reviews: number): Promise<void> {
    attempt.heard();
    const result = value === undefined ? null : toJson(value, `The result of step "${name}"`, setting.maxBytes);
    if (!(await engine.submit("step", { ...attempt.held, name, kind, result, reviews }))) {
      attempt.abort("lost");
      attempt.assertLive();
    }
    steps().set(name, { name, kind, result, reviews });
  }

  async function step<T>(name: string, fn: (review: StepReview) => T | Promise<T>, options: StepOptions): Promise<T> {
    attempt.assertLive();
    const known = steps().get(name);
    if (known?.kind === "step") return parsed(known.result) as T;
    let reviews = known?.reviews ?? 0;
    let value: T | undefined = known === undefined ? undefined : (parsed(known.result) as T);
    let remark: string | undefined;
    if (known?.kind === "review") {
      const decision = findDecision(reviewName(name, reviews));
      if (decision?.choice === "continue") {
        await keep(name, "step", value, reviews);
        return value as T;
      }
      if (decision === undefined) return attempt.suspend(reviewRequest(name, reviews, value));
      remark = decision.comment;
      reviews += 1;
    }
    value = await fn({ remark });
    if (!options.review) {
      await keep(name, "step", value, reviews);
      return value;
    }
    await keep(name, "review", value, reviews);
    return attempt.suspend(reviewRequest(name, reviews, value));
  }

  const reviewName = (name: string, n: number) => `${OWN}review:${name}:${n}`;
  const reviewRequest = (name: string, n: number, value: unknown) => ({
    kind: "ask" as const,
    request: {
      name: reviewName(name, n),
      question: `Step "${name}" is done. Go on?`,
      choices: JSON.stringify(REVIEW_CHOICES),
      details: toJson({ step: name, result: value }, "The review", setting.maxBytes * 2),
      digest: null,
      onReject: "review" as const,
      expiresAt: null,
    },
  });

  function findDecision(name: string): Decision | undefined {
    const row = engine.queries.request(job.id, job.run, name);
    if (row?.state !== REQUEST_DECIDED || row.choice === null) return undefined;
    return {
      choice: row.choice,
      comment: row.comment ?? undefined,
      principal: row.principal ?? undefined,
      interface: row.interface ?? undefined,
      digest: row.digest ?? undefined,
      at: row.decidedAt ?? 0,
    };
  }

  function target(ref: string): number {
    const wanted = parseRef(ref);
    const row = wanted && engine.queries.lookup(wanted.number);
    if (
      !wanted ||
      !row ||
      row.kind === "request" ||
      (wanted.secret !== undefined && !row.secret.startsWith(wanted.secret))
    ) {
      throw new JobQueueError("JOB_NOT_FOUND", `Nothing with the id "${ref}" exists, so the job cannot wait for it.`);
    }
    if (row.id === job.id || row.id === job.batch) {
      throw new JobQueueError("INVALID_OPTION", "A job cannot wait for itself or for the batch that it belongs to.");
    }
    return row.id;
  }

  function endedWork(numbers: readonly number[]): EndedWork[] | undefined {
    const all: EndedWork[] = [];
    for (const number of numbers) {
      const row = engine.queries.ended(number);
      if (!row) throw new JobQueueError("JOB_NOT_FOUND", `#${number}, which this job waited for, was deleted.`);
      if (row.state < COMPLETED) return undefined;
      all.push({
        id: publicId(row.id, row.secret),
        number: row.id,
        state: jobWord(row.state) as EndedWork["state"],
        result: parsed(row.result),
        error: parsed(row.error) as StoredError | undefined,
      });
    }
    return all;
  }

  async function requestDecision(request: DecisionRequest): Promise<Decision> {
    attempt.assertLive();
    const name = request.name ?? `${OWN}decision:${++counters.decision}`;
    if (request.name !== undefined) assertName(name);
    const decision = findDecision(name);
    if (decision) return decision;
    return attempt.suspend({
      kind: "ask",
      request: prepareRequest(name, request, setting.ports.clock.now(), setting.maxBytes),
    });
  }

  async function waitFor(ids: string | readonly string[]): Promise<EndedWork[]> {
    attempt.assertLive();
    const name = `${OWN}wait:${++counters.wait}`;
    const known = steps().get(name);
    const on = known ? (parsed(known.result) as number[]) : (typeof ids === "string" ? [ids] : [...ids]).map(target);
    return endedWork(on) ?? attempt.suspend({ kind: "wait", step: name, on });
  }

  async function sleep(ms: number): Promise<void> {
    attempt.assertLive();
    const wanted = milliseconds("The time of a sleep", ms);
    const name = `${OWN}sleep:${++counters.sleep}`;
    const known = steps().get(name);
    const now = setting.ports.clock.now();
    const until = known ? Number(known.result) : now + wanted;
    if (until > now) attempt.suspend({ kind: "snooze", until, step: name });
  }

  async function addToBatch(operations: readonly AddedOperation[]): Promise<{ jobIds: string[] }> {
    attempt.assertLive();
    if (job.batch === null)
      throw new JobQueueError("INVALID_STATE", `#${job.id} belongs to no batch, so it cannot add jobs to one.`);
    const seen = new Map<string, number>();
    const members = await inSlices(setting.ports, operations, (operation) => {
      const row = prepareMember(operation, origin);
      const same = operation.key ?? hashOf(row.type, row.data, row.label ?? "");
      const nth = (seen.get(same) ?? 0) + 1;
      seen.set(same, nth);
      return { ...row, identity: `${same}:${nth}` };
    });
    const jobIds = await addMembers(engine, { id: job.batch, members, held: attempt.held });
    if (jobIds === null) {
      attempt.abort("lost");
      throw attempt.signal.reason;
    }
    return { jobIds };
  }

  return {
    step<T>(name: string, fn: (review: StepReview) => T | Promise<T>, options: StepOptions = {}): Promise<T> {
      assertName(name);
      const steps = (running ??= new Map());
      const known = steps.get(name) as Promise<T> | undefined;
      if (known) return known;
      const started = handled(step(name, fn, options).finally(() => steps.delete(name)));
      steps.set(name, started);
      return started;
    },
    requestDecision: (request: DecisionRequest) => handled(requestDecision(request)),
    waitFor: (ids: string | readonly string[]) => handled(waitFor(ids)),
    sleep: (ms: number) => handled(sleep(ms)),
    addToBatch: (operations: readonly AddedOperation[]) => handled(addToBatch(operations)),
  };
}

function parsed(json: string | null): unknown {
  return json === null ? undefined : (JSON.parse(json) as unknown);
}
