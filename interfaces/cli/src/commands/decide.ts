import type { ActionReply, JobReply, RequestView } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb, workRef } from "../call.ts";
import { text, type Action, type CommandContext, type CommandInput } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { actionLines } from "../render/replies.ts";
import { requestLines } from "../render/requests.ts";
import { CliError } from "../cli-error.ts";
import { actionExit } from "./steer.ts";

/** A program must not be able to approve itself: a job's children carry BRAINS_JOB, and a pipe is not a person. */
function demandPerson(context: CommandContext): void {
  const job = context.brain.env.BRAINS_JOB;
  if (job !== undefined && job !== "") {
    throw new CliError(
      "NEEDS_TERMINAL",
      `This runs inside job ${job}, and a job cannot answer for a person. Answer in your own terminal.`,
    );
  }
  if (!context.output.interactive) {
    throw new CliError(
      "NEEDS_TERMINAL",
      "Answering needs a terminal, so that a person is known to have seen the question. Run it in one.",
    );
  }
}

async function openRequests(session: AppSession, args: readonly string[]): Promise<RequestView[]> {
  const found: RequestView[] = [];
  for (const arg of args) {
    const reply = await callVerb<JobReply>(session, "job", { id: workRef(arg) });
    if (reply.kind === "request") found.push(reply.request);
    else if (reply.kind === "job") found.push(...reply.requests.filter((request) => request.state === "open"));
  }
  return found;
}

async function decide(context: CommandContext, input: CommandInput, fallback: "approve" | "reject"): Promise<ExitCode> {
  demandPerson(context);
  const session = await context.session({ plugins: false });
  if (!context.output.json) {
    for (const request of await openRequests(session, input.args)) {
      if (request.state === "open")
        context.output.note(requestLines(request, context.output.noteLayout()).slice(0, -1));
    }
  }
  const reply = await callVerb<ActionReply>(session, "decide", {
    ids: input.args.map(workRef),
    choice: text(input.options.choice) ?? fallback,
    comment: text(input.options.comment),
    digest: text(input.options.digest),
  });
  context.output.show("decide", reply, (layout) => actionLines(reply, layout));
  await session.ensureWorker();
  return actionExit(reply);
}

export const approve: Action = (context, input) => decide(context, input, "approve");
export const reject: Action = (context, input) => decide(context, input, "reject");
