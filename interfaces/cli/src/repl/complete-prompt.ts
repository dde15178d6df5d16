import type { Operation } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { completeLine, holdsOf, toolNames, type Completion, type CompletionSources } from "../complete-line.ts";
import { nameOf } from "../render/operations.ts";
import { PROMPT_COMMANDS } from "./run-line.ts";
import { wordsSoFar } from "./words.ts";

export interface Offer {
  /** What can be typed for the person: what all proposals have in common, and a space where there is only one. */
  readonly insert: string;
  readonly choices: readonly string[];
}

function commonStart(values: readonly string[]): string {
  let start = values[0] ?? "";
  for (const value of values) while (!value.startsWith(start)) start = start.slice(0, -1);
  return start;
}

/** Proposals for the text before the cursor: verbs, tools, fields and numbers of live work. */
export async function completePrompt(text: string, session: AppSession, active: readonly Operation[]): Promise<Offer> {
  const words = wordsSoFar(text);
  const typed = words.at(-1) ?? "";
  const sources: CompletionSources = {
    tools: async () => session.shell.listTools(session.caller),
    work: async () => active.map((operation) => ({ number: operation.number, name: nameOf(operation) })),
    holds: () => holdsOf(session),
  };
  let found: Completion[];
  if (words.length <= 1) {
    const slash = typed.startsWith("/");
    const verbs = [...PROMPT_COMMANDS.map((command) => command.name), "help", "quit"].map((value) => ({
      value: `/${value}`,
    }));
    const bare = PROMPT_COMMANDS.map((command) => ({ value: command.name }));
    const names = await toolNames(sources);
    found = (slash ? verbs : typed === "" ? [...names, ...verbs] : [...names, ...bare]).filter(({ value }) =>
      value.startsWith(typed),
    );
  } else {
    const verb = words[0]!.replace(/^\//, "");
    const known = PROMPT_COMMANDS.some((command) => command.name === verb);
    found = await completeLine(known ? [verb, ...words.slice(1)] : ["run", ...words], PROMPT_COMMANDS, sources);
  }
  const values = [...new Set(found.map(({ value }) => value))];
  if (values.length === 0) return { insert: "", choices: [] };
  const insert = commonStart(values).slice(typed.length);
  return { insert: values.length === 1 ? `${insert} ` : insert, choices: values };
}
