// Input for a running program.
import type { JobQueue } from "@brains/job-queue";
import type { JobInfo, RequestInfo } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import { isProgramCard } from "../programs/is-card.ts";
import { rememberEarlyInput } from "../programs/early-input.ts";
import { readsNothing } from "../programs/marked.ts";
import type { SendReply } from "../replies.ts";
import { decides } from "../rights.ts";
import type { Tool } from "../tool-table.ts";
import { count } from "../wording.ts";
import { find, jobOf, refSchema, verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

export function sendVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "send",
    title: "Send input to a job",
    description:
      "Sends text to what a job runs, in order; also before it reads. `eof` ends its input. What a person had to approve takes input from persons only, unless its card said otherwise.",
    input: z.object({
      id: refSchema,
      text: z.string().optional().describe("As it is: end a line with a line break"),
      eof: z.boolean().optional().describe("Nothing follows"),
    }),
    role: "operator",
    readOnly: false,
    async run({ id, text = "", eof = false }, call) {
      const found = await find(ports.queue, id);
      if (found.kind !== "job")
        throw new BrainsError("INVALID_INPUT", `#${found.number} is a ${found.kind}. Input goes to a job.`);
      const job = await jobOf(ports.queue, found);
      const { caller } = call;
      await assertRead(ports, job);
      const forget = mayApprove(ports, caller, job)
        ? undefined
        : await assertUnapprovedInput(ports, job, caller, { text, eof });
      const { principal, interface: place } = caller;
      const { number, pending } = await ports.queue.service
        .sendInput(job.id, { text, eof, principal, interface: place })
        .catch(async (error: unknown) => {
          await forget?.();
          throw error;
        });
      const what = text === "" ? "The end of its input" : count(text.length, "character");
      const waiting = pending > 1 ? ` ${count(pending, "piece")} wait to be read.` : "";
      const data: SendReply = { message: `#${number}: ${what} sent.${waiting}`, number, pending };
      return { data, text: data.message };
    },
  });
}

/** A program whose input was given with the request for it ends when it has read that. */
async function assertRead({ queue }: VerbPorts, job: JobInfo): Promise<void> {
  const cards = job.state === "processing" ? [] : await cardsOf(queue, job);
  const card = cards.toSorted((a, b) => a.number - b.number).at(-1)?.details;
  const given = isProgramCard(card) ? card.stdin !== undefined : await readsNothing(queue, job);
  if (!given) return;
  throw new BrainsError(
    "INPUT_GIVEN",
    `What #${job.number} runs was given all of its input when it was asked for, so it reads nothing that is sent. Start it again without that input (stdin) to send some.`,
  );
}

function mayApprove(ports: VerbPorts, caller: Caller, job: JobInfo): boolean {
  return decides(caller) && (ports.requesterMayDecide || job.origin?.principal !== caller.principal);
}

/**
 * Somebody who could not approve the program sends: only where nobody had to, or the card allowed it; what comes before a card is put on it.
 * Returns what takes it off again.
 */
async function assertUnapprovedInput(
  ports: VerbPorts,
  job: JobInfo,
  caller: Caller,
  input: { readonly text: string; readonly eof: boolean },
): Promise<(() => Promise<void>) | undefined> {
  const refuse = () => assertAllowed(programRequests, job, caller);
  let programRequests = await cardsOf(ports.queue, job);
  refuse();
  if (programRequests.length > 0) return undefined;
  const sender = `${caller.interface}:${caller.principal}`;
  const forget = await rememberEarlyInput(ports.queue, job, { ...input, sender, at: ports.now() });
  // Whoever was asked meanwhile may not have seen it.
  programRequests = await cardsOf(ports.queue, job);
  refuse();
  return forget;
}

function assertAllowed(requests: readonly RequestInfo[], job: JobInfo, caller: Caller): void {
  const closed = requests.some(
    ({ details, origin }) =>
      !isProgramCard(details) || !details.requesterMaySendInput || origin?.principal !== caller.principal,
  );
  if (!closed) return;
  throw new BrainsError(
    "INPUT_NEEDS_APPROVAL",
    `A person has to approve what #${job.number} runs, and its card does not let you send input. A person can: brains send ${job.number} "…"`,
  );
}

/** Requests about programs of the present run. */
async function cardsOf({ requests }: JobQueue, job: JobInfo): Promise<RequestInfo[]> {
  const all = await requests.list({ job: job.id });
  return all.filter(({ run, details }) => run === job.run && isProgramCard(details));
}
