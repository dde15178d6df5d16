import type { ActionReply, RerunReply } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb, workRef } from "../call.ts";
import type { Action, CommandContext } from "../command.ts";
import { exitCodeOfError, worstExitCode, type ExitCode } from "../exit-codes.ts";
import { actionLines, rerunLines } from "../render/replies.ts";

/** Some may have been refused while others were done: the exit code is that of a refusal. */
export function actionExit(reply: ActionReply): ExitCode {
  const refused = reply.results
    .filter((result) => !result.ok)
    .map((result) => exitCodeOfError(result.error?.code ?? ""));
  return refused.length === 0 ? 0 : worstExitCode(refused) || refused[0]!;
}

async function act(context: CommandContext, verb: "cancel" | "delete", args: readonly string[]): Promise<ExitCode> {
  const session = await context.session({ plugins: false });
  const reply = await callVerb<ActionReply>(session, verb, { ids: args.map(workRef) });
  context.output.show(verb, reply, (layout) => actionLines(reply, layout));
  return actionExit(reply);
}

/**
 * Work often goes on after a plugin was mended: a worker with the present code must be there before the job can be taken by the old one.
 * That none can be started is said when it is asked for again, after the work is stored.
 */
export async function presentWorker(session: AppSession): Promise<void> {
  await session.ensureWorker().catch(() => undefined);
}

async function rerun(
  context: CommandContext,
  verb: "retry" | "resume",
  input: Record<string, unknown>,
): Promise<ExitCode> {
  const session = await context.session({ plugins: false });
  await presentWorker(session);
  const reply = await callVerb<RerunReply>(session, verb, input);
  context.output.show(verb, reply, (layout) => rerunLines(reply, layout));
  await session.ensureWorker();
  return 0;
}

export const cancel: Action = (context, { args }) => act(context, "cancel", args);
export const remove: Action = (context, { args }) => act(context, "delete", args);
export const retry: Action = (context, { args, options }) =>
  rerun(context, "retry", { id: workRef(args[0]!), force: options.force === true ? true : undefined });
export const resume: Action = (context, { args }) => rerun(context, "resume", { id: workRef(args[0]!) });
