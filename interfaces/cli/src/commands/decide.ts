import type { ActionReply, JobReply, RequestView } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb, workRef } from "../call.ts";
import { usageError } from "../cli-error.ts";
import { text, type Action, type CommandContext, type CommandInput } from "../command.ts";
import { demandPerson } from "../demand-person.ts";
import type { ExitCode } from "../exit-codes.ts";
import { actionLines } from "../render/replies.ts";
import { answerCommands, requestLines } from "../render/requests.ts";
import { actionExit, presentWorker } from "./steer.ts";

/** The open requests that the words name: themselves, or what a job waits on. */
async function openRequests(session: AppSession, args: readonly string[]): Promise<RequestView[]> {
  const found: RequestView[] = [];
  for (const arg of args) {
    const reply = await callVerb<JobReply>(session, "job", { id: workRef(arg) });
    if (reply.kind === "request") found.push(reply.request);
    else if (reply.kind === "job") found.push(...reply.requests.filter((request) => request.state === "open"));
  }
  return found;
}

function demandOffered(requests: readonly RequestView[], choice: "approve" | "reject", prefix: string): void {
  const other = requests.find((request) => !request.choices.includes(choice));
  if (other === undefined) return;
  const answers = answerCommands(other, prefix).join(" or ");
  throw usageError(`Request #${other.number} cannot be answered with ${choice}. Its answers: ${answers}`);
}

async function decide(context: CommandContext, input: CommandInput, fallback: "approve" | "reject"): Promise<ExitCode> {
  const { output } = context;
  demandPerson(context.brain.env, output.interactive);
  const session = await context.session({ plugins: false });
  const requests = await openRequests(session, input.args);
  if (!output.json) {
    const layout = output.noteLayout();
    for (const request of requests) output.note(requestLines(request, layout, { next: false }));
  }
  const given = text(input.options.choice);
  if (given === undefined) demandOffered(requests, fallback, output.noteLayout().prefix);
  // The decision is bound to what was shown: its own number, not the job's, and its digest.
  const ids =
    requests.length === input.args.length ? requests.map((request) => request.number) : input.args.map(workRef);
  const shown = requests.length === 1 ? requests[0]?.digest : undefined;
  await presentWorker(session);
  const reply = await callVerb<ActionReply>(session, "decide", {
    ids,
    choice: given ?? fallback,
    comment: text(input.options.comment),
    digest: text(input.options.digest) ?? shown,
  });
  output.show("decide", reply, (layout) => actionLines(reply, layout));
  await session.ensureWorker();
  return actionExit(reply);
}

export const approve: Action = (context, input) => decide(context, input, "approve");
export const reject: Action = (context, input) => decide(context, input, "reject");
