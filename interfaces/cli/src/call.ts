import type { AppSession } from "./app-port.ts";

/** Call a verb of the shell and return its typed data. */
export async function callVerb<Reply>(
  session: AppSession,
  verb: string,
  input: Record<string, unknown>,
): Promise<Reply> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const reply = await session.shell.callTool(`shell:${verb}`, given, session.caller);
  if (reply.kind !== "data") throw new Error(`shell:${verb} did not answer with data`);
  return reply.data as Reply;
}

/** "#142" and "142" are the number; everything else is an id or the beginning of one. */
export function workRef(text: string): string | number {
  const number = /^#?(\d{1,15})$/.exec(text);
  return number === null ? text : Number(number[1]);
}
