import { text as readAll } from "node:stream/consumers";
import { callVerb, workRef } from "../call.ts";
import { usageError } from "../cli-error.ts";
import type { Action, CommandContext, CommandInput } from "../command.ts";
import { printable } from "../text/printable.ts";

/** A little under what is taken at once. */
const LONGEST_PIECE = 200_000;

interface SendReply {
  readonly number: number;
  readonly message: string;
}

/** The words make a line; `-` sends what comes over stdin as it is. */
async function textOf(context: CommandContext, { args, options }: CommandInput): Promise<string | undefined> {
  const words = args.slice(1);
  if (words.length === 0) return undefined;
  if (words.length === 1 && words[0] === "-") return readAll(context.streams.stdin);
  return `${words.join(" ")}${options.newline === false ? "" : "\n"}`;
}

/** As the store takes them; a character of two units stays whole. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    const end = Math.min(from + LONGEST_PIECE, text.length);
    const splits = end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    pieces.push(text.slice(from, splits ? end - 1 : end));
    from = splits ? end - 1 : end;
  }
  return pieces.length === 0 ? [""] : pieces;
}

export const send: Action = async (context, input) => {
  const eof = input.options.eof === true;
  const text = await textOf(context, input);
  if (text === undefined && !eof)
    throw usageError("Give a text to send, `-` for stdin, or --eof for the end of input.");
  const session = await context.session({ plugins: false });
  const pieces = piecesOf(text ?? "");
  for (const [at, piece] of pieces.entries()) {
    const last = at === pieces.length - 1;
    const reply = await callVerb<SendReply>(session, "send", {
      id: workRef(input.args[0]!),
      text: piece === "" ? undefined : piece,
      eof: eof && last ? true : undefined,
    });
    const all =
      at === 0 ? reply.message : `#${reply.number}: ${text?.length} characters sent, in ${pieces.length} pieces.`;
    if (last) context.output.show("send", { ...reply, message: all }, () => [` ${printable(all)}`]);
  }
  return 0;
};
