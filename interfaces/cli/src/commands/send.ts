import { text as readAll } from "node:stream/consumers";
import { callVerb, workRef } from "../call.ts";
import { usageError } from "../cli-error.ts";
import type { Action, CommandContext, CommandInput } from "../command.ts";
import { printable } from "../text/printable.ts";

interface SendReply {
  readonly message: string;
}

/** The words make a line; `-` sends what comes over stdin as it is. */
async function textOf(context: CommandContext, { args, options }: CommandInput): Promise<string | undefined> {
  const words = args.slice(1);
  if (words.length === 0) return undefined;
  if (words.length === 1 && words[0] === "-") return readAll(context.streams.stdin);
  return `${words.join(" ")}${options.newline === false ? "" : "\n"}`;
}

export const send: Action = async (context, input) => {
  const eof = input.options.eof === true;
  const text = await textOf(context, input);
  if (text === undefined && !eof)
    throw usageError("Give a text to send, `-` for stdin, or --eof for the end of input.");
  const session = await context.session({ plugins: false });
  const reply = await callVerb<SendReply>(session, "send", {
    id: workRef(input.args[0]!),
    text: text === "" ? undefined : text,
    eof: eof ? true : undefined,
  });
  context.output.show("send", reply, () => [` ${printable(reply.message)}`]);
  return 0;
};
