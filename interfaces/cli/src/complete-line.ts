import type { ToolInfo } from "@brains/shell";
import type { CommandSpec } from "./command.ts";
import { printable } from "./text/printable.ts";

export interface Completion {
  readonly value: string;
  readonly note?: string | undefined;
}

/** Where live values come from; asked only when they can be meant. */
export interface CompletionSources {
  tools(): Promise<readonly ToolInfo[]>;
  work(): Promise<readonly { readonly number: number; readonly name: string }[]>;
}

function flagsOf(spec: CommandSpec): Completion[] {
  return (spec.options ?? []).map(([flags, note]) => ({ value: /--[\w-]+/.exec(flags)![0], note }));
}

async function fieldFlags(sources: CompletionSources, name: string): Promise<Completion[]> {
  const tools = await sources.tools();
  const tool = tools.find((each) => each.short === name || each.name === name);
  if (tool === undefined) return [];
  const { fieldsOf } = await import("./arguments.ts");
  return fieldsOf(tool.input).map((field) => ({ value: `--${field.flag}`, note: field.description }));
}

async function choicesOf(sources: CompletionSources, name: string, flag: string): Promise<Completion[]> {
  const tools = await sources.tools();
  const tool = tools.find((each) => each.short === name || each.name === name);
  if (tool === undefined) return [];
  const { fieldsOf } = await import("./arguments.ts");
  const field = fieldsOf(tool.input).find((each) => `--${each.flag}` === flag);
  return (field?.choices ?? []).map((value) => ({ value }));
}

/** The names of tools, short where that is enough. */
export async function toolNames(sources: CompletionSources): Promise<Completion[]> {
  const tools = await sources.tools();
  return tools
    .filter((tool) => tool.plugin !== "shell")
    .map((tool) => ({ value: tool.short ?? tool.name, note: printable(tool.title) }));
}

/** What the last of the words can become; the words before it say where we are. */
export async function completeLine(
  words: readonly string[],
  commands: readonly CommandSpec[],
  sources: CompletionSources,
): Promise<Completion[]> {
  const typed = words.at(-1) ?? "";
  const starting = (found: readonly Completion[]) => found.filter(({ value }) => value.startsWith(typed));
  if (words.length <= 1) return starting(commands.map(({ name, summary }) => ({ value: name, note: summary })));
  const spec = commands.find((command) => command.name === words[0]);
  if (spec === undefined) return [];
  const previous = words.at(-2) ?? "";
  if (spec.name === "run") {
    if (words.length === 2) return starting(await toolNames(sources));
    const choices = previous.startsWith("--") ? await choicesOf(sources, words[1]!, previous) : [];
    return starting(choices.length > 0 ? choices : [...(await fieldFlags(sources, words[1]!)), ...flagsOf(spec)]);
  }
  if (typed.startsWith("-")) return starting([...flagsOf(spec), { value: "--json" }]);
  if (spec.name === "tools") return starting(await toolNames(sources));
  if (spec.name === "completion") return starting(["bash", "zsh", "fish"].map((value) => ({ value })));
  if (spec.name === "worker") return starting([{ value: "stop" }]);
  if (previous === "--state") {
    const states = ["pending", "processing", "blocked", "waiting_approval", "completed", "failed", "cancelled"];
    return starting(states.map((value) => ({ value })));
  }
  if (/\bid\b/.test(spec.args ?? "")) {
    const work = await sources.work();
    return starting(work.map(({ number, name }) => ({ value: String(number), note: printable(name) })));
  }
  return [];
}
