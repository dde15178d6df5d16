import type { InterruptedReply } from "@brains/shell";
import type { AppSession } from "./app-port.ts";
import { callVerb } from "./call.ts";

const MOST_NAMED = 5;

/** Work that a dead worker left unfinished, in one line: told once, and nothing is done about it. */
export async function interruptedNote(session: AppSession): Promise<string[]> {
  // Told to a job, it would not be told to the person.
  if (session.caller.kind === "model") return [];
  const { operations } = await callVerb<InterruptedReply>(session, "interrupted", { seen: true });
  const [first] = operations;
  if (first === undefined) return [];
  const shown = operations.slice(0, MOST_NAMED).map(({ number }) => `#${number}`);
  const more = operations.length > shown.length ? ` and ${operations.length - shown.length} more` : "";
  const [what, it] = operations.length === 1 ? ["was", "It does"] : ["were", "They do"];
  return [
    ` ${shown.join(", ")}${more} ${what} interrupted when the worker died. ${it} not run again without you: brains logs ${first.number}, brains retry ${first.number}`,
  ];
}
