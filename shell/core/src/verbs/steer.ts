// Verbs that change work: cancel, retry, resume, delete, decide.
import { isCodedError } from "@brains/job-queue/handler";
import { z } from "zod";
import type { ActionReply, ActionResult, RerunReply } from "../replies.ts";
import { BrainsError } from "../errors.ts";
import { isEndedState } from "../states.ts";
import { operationLine } from "../status-words.ts";
import type { Tool } from "../tool-table.ts";
import { Operations } from "./operations-of.ts";
import { find, findWork, refSchema, refsSchema, verbTool } from "./verb.ts";
import type { Found, VerbPorts } from "./verb.ts";

export function steerVerbs(ports: VerbPorts): Tool[] {
  return [cancelVerb(ports), retryVerb(ports), resumeVerb(ports), deleteVerb(ports), decideVerb(ports)];
}

function cancelVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "cancel",
    title: "Cancel work",
    description:
      "Cancels jobs and batches. What waits ends at once; what runs is told to stop, and is cancelled when it did.",
    input: z.object({ ids: refsSchema }),
    role: "operator",
    readOnly: false,
    destructive: true,
    idempotent: true,
    async run({ ids }, call) {
      const by = call.caller.principal;
      const results = await each(ports, ids, "cancelled", async (work) => {
        if (work.kind === "batch") {
          const { status } = await ports.queue.batches.cancelBatch(work.id, { by });
          return { state: status, cancelling: !isEndedState(status) };
        }
        return ports.queue.service.cancel(work.id, { by });
      });
      ports.onRunnable();
      return actionReply(results, (one) => (one.cancelling === true ? "told to stop" : (one.state ?? "cancelled")));
    },
  });
}

function retryVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "retry",
    title: "Run again from the start",
    description:
      "Runs an ended job again from the start, or the failed and cancelled jobs of a batch. With force, takes a job over whose worker does not answer.",
    input: z.object({ id: refSchema, force: z.boolean().default(false) }),
    role: "operator",
    readOnly: false,
    run: ({ id, force }) => rerun(ports, id, "retried", (ref) => ports.queue.service.retry(ref, { force })),
  });
}

function resumeVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "resume",
    title: "Go on with finished steps kept",
    description: "Runs an ended job or batch again and keeps what it had finished.",
    input: z.object({ id: refSchema }),
    role: "operator",
    readOnly: false,
    run: ({ id }) =>
      rerun(ports, id, "resumed", async (ref) => {
        await ports.queue.service.resume(ref);
        return undefined;
      }),
  });
}

function deleteVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "delete",
    title: "Delete ended work",
    description:
      "Deletes ended jobs and batches with their results and logs. What has not ended is refused: cancel it first.",
    input: z.object({ ids: refsSchema }),
    role: "admin",
    readOnly: false,
    destructive: true,
    async run({ ids }) {
      const results = await each(ports, ids, "deleted", async (work) => {
        await ports.queue.service.delete(work.id);
        return {};
      });
      await ports.tidy();
      return actionReply(results, () => "deleted");
    },
  });
}

function decideVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "decide",
    title: "Answer a request",
    description: "A person's answer to what jobs wait on. Name the request, or the job that asked.",
    input: z.object({
      ids: refsSchema,
      choice: z.string().min(1).describe("One of the request's choices, e.g. approve or reject"),
      comment: z.string().max(10_000).optional(),
      digest: z
        .string()
        .optional()
        .describe("What was shown; if the request is about something else now, the decision is refused"),
    }),
    role: "approver",
    audience: "person",
    readOnly: false,
    async run({ ids, ...decision }, call) {
      const requests = await Promise.all(ids.map((id) => openRequest(ports, id)));
      const results = await attemptEach(requests, async (request) => {
        const { principal, interface: place } = call.caller;
        await assertMayDecide(ports, request, principal);
        const decided = await ports.queue.requests.decide(request.id, { ...decision, principal, interface: place });
        return { state: decided.state, choice: decided.decision?.choice };
      });
      ports.onRunnable();
      return actionReply(results, (one) => one.choice ?? "decided");
    },
  });
}

async function rerun(
  ports: VerbPorts,
  id: string | number,
  verb: string,
  act: (ref: string) => Promise<RerunReply["forced"]>,
): Promise<{ data: RerunReply; text: string }> {
  const work = await findWork(ports.queue, id, verb);
  const forced = await act(work.id);
  ports.onRunnable();
  const operation = await new Operations(ports).of(work);
  const message = `#${work.number} is ${verb}: run ${operation.run}.${forced === undefined ? "" : ` ${forcedText(forced)}`}`;
  return { data: { message, operation, forced }, text: `${message}\n${operationLine(operation, ports.now())}` };
}

function forcedText({ pid, worker }: NonNullable<RerunReply["forced"]>): string {
  if (worker === "ended") return `The worker that had it (process ${pid}) did not answer and was ended.`;
  if (worker === "dead") return `The worker that had it (process ${pid}) was dead.`;
  return `The worker that had it (process ${pid}) does not answer and could not be ended; what it still writes changes nothing.`;
}

/** Where the config says so, whoever started the work does not approve it. What has no "approve" among its choices is no approval. */
async function assertMayDecide(ports: VerbPorts, { id, number }: Found, principal: string): Promise<void> {
  if (ports.requesterMayDecide) return;
  const request = await ports.queue.requests.get(id);
  if (request?.origin?.principal !== principal || !request.choices.includes("approve")) return;
  throw new BrainsError(
    "REQUESTER_MAY_NOT_DECIDE",
    `#${number} was asked by ${principal}, and whoever asked may not decide here. Somebody else has to.`,
  );
}

/** The request itself, or the one that a job waits on. */
async function openRequest(ports: VerbPorts, id: string | number): Promise<Found> {
  const found = await find(ports.queue, id);
  if (found.kind === "request") return found;
  const open = found.kind === "job" ? await ports.queue.requests.list({ job: found.id, open: true }) : [];
  const [only] = open;
  if (open.length === 1 && only !== undefined) return { kind: "request", id: only.id, number: only.number };
  const choose =
    open.length === 0
      ? "waits on no decision"
      : `waits on ${open.map((one) => `#${one.number}`).join(" and ")}: name one`;
  throw new BrainsError("NOT_FOUND", `#${found.number} ${choose}.`);
}

type Effect = Pick<ActionResult, "state" | "cancelling" | "choice">;

/** All ids are looked up before anything is done, so that a misspelt one changes nothing. */
async function each(
  ports: VerbPorts,
  ids: readonly (string | number)[],
  verb: string,
  act: (work: Found) => Promise<Effect>,
): Promise<ActionResult[]> {
  const work = await Promise.all(ids.map((id) => findWork(ports.queue, id, verb)));
  return attemptEach(work, act);
}

/** One after the other; what one of them refuses does not keep the others from being done. If nothing at all could be done, the first refusal is thrown. */
async function attemptEach(work: readonly Found[], act: (work: Found) => Promise<Effect>): Promise<ActionResult[]> {
  const results: ActionResult[] = [];
  const refusals: Error[] = [];
  for (const one of work) {
    const { id, number, kind } = one;
    try {
      results.push({ id, number, kind, ok: true, ...(await act(one)) });
    } catch (error) {
      if (!isCodedError(error)) throw error;
      refusals.push(error);
      results.push({ id, number, kind, ok: false, error: { code: error.code, message: error.message } });
    }
  }
  if (refusals[0] !== undefined && refusals.length === work.length) throw refusals[0];
  return results;
}

function actionReply(
  results: readonly ActionResult[],
  did: (result: ActionResult) => string,
): { data: ActionReply; text: string } {
  const message = results
    .map((one) => `#${one.number}: ${one.error === undefined ? did(one) : `refused: ${one.error.message}`}`)
    .join("\n");
  return { data: { message, results }, text: message };
}
