import type { SchedulesReply, StatusReply, ToolInfo } from "@brains/shell";
import type { AppSession } from "./app-port.ts";
import { callVerb } from "./call.ts";
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
  /** Names of schedules, and of everything that is paused. */
  holds(): Promise<{ readonly schedules: readonly string[]; readonly paused: readonly string[] }>;
}

export async function holdsOf(session: AppSession): Promise<Awaited<ReturnType<CompletionSources["holds"]>>> {
  const { schedules } = await callVerb<SchedulesReply>(session, "schedules", { next: 0 });
  const { paused } = await callVerb<StatusReply>(session, "status", {});
  return { schedules: schedules.map(({ name }) => name), paused: paused.map(({ name }) => name) };
}

/** What the verb can be said of. */
async function holdNames(verb: string, sources: CompletionSources): Promise<Completion[]> {
  const { schedules, paused } = await sources.holds();
  if (verb === "unpause") return paused.map((value) => ({ value }));
  const found = schedules.map((value) => ({ value, note: "schedule" }));
  if (verb === "schedules") return found;
  const plugins = (await sources.tools()).map((tool) => tool.plugin).filter((plugin) => plugin !== "shell");
  return [...[...new Set(plugins)].map((value) => ({ value, note: "plugin" })), ...found];
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
  if (spec.name === "policy") return starting(words.length === 2 ? [{ value: "test" }] : []);
  if (spec.name === "worker") return starting([{ value: "stop" }]);
  if (["pause", "unpause", "schedules"].includes(spec.name)) return starting(await holdNames(spec.name, sources));
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
