import type { PauseReply } from "@brains/shell";
import { callVerb } from "../call.ts";
import type { Action, CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printable } from "../text/printable.ts";
import { presentWorker } from "./steer.ts";

async function change(context: CommandContext, verb: "pause" | "unpause", name: string): Promise<ExitCode> {
  const session = await context.session({ plugins: false });
  if (verb === "unpause") await presentWorker(session);
  const reply = await callVerb<PauseReply>(session, verb, { name });
  context.output.show(verb, reply, () => [` ${printable(reply.message)}`]);
  if (verb === "unpause") await session.ensureWorker();
  return 0;
}

export const pause: Action = (context, { args }) => change(context, "pause", args[0]!);
export const unpause: Action = (context, { args }) => change(context, "unpause", args[0]!);
