import { Command, CommanderError } from "commander";
import type { CommandInput, CommandSpec, OptionValue } from "./command.ts";
import { LATER_COMMANDS } from "./commands/registry.ts";
import { usageError } from "./cli-error.ts";
import { nearest } from "@brains/plugin/nearest";

/** What a parsed line asks for. Options common to all commands are taken out of `input.options`. */
export type ParsedLine =
  | {
      readonly kind: "command";
      readonly spec: CommandSpec;
      readonly input: CommandInput;
      readonly common: CommonOptions;
    }
  | { readonly kind: "prompt"; readonly common: CommonOptions }
  | { readonly kind: "help"; readonly topic: string | undefined; readonly common: CommonOptions }
  | { readonly kind: "version"; readonly common: CommonOptions };

export interface CommonOptions {
  readonly json: boolean;
  readonly color?: boolean | undefined;
  readonly input?: boolean | undefined;
  readonly config?: string | undefined;
  readonly home?: string | undefined;
  readonly inProcess?: boolean | undefined;
}

/** Take out the options that every command has, wherever they stand before a `--`. */
function takeCommon(words: readonly string[]): {
  readonly common: CommonOptions;
  readonly help: boolean;
  readonly rest: string[];
} {
  const common: { -readonly [K in keyof CommonOptions]: CommonOptions[K] } = { json: false };
  const rest: string[] = [];
  let help = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const [name = "", ...tail] = word.split("=");
    if (word === "--") {
      rest.push(...words.slice(index));
      break;
    }
    if (word === "--json") common.json = true;
    else if (word === "--no-color") common.color = false;
    else if (word === "--no-input") common.input = false;
    else if (word === "--in-process") common.inProcess = true;
    else if (word === "--help" || word === "-h") help = true;
    else if (name === "--config" || name === "--home") {
      const value = tail.length > 0 ? tail.join("=") : words[++index];
      if (value === undefined || value === "") throw usageError(`${name} needs a value.`);
      common[name === "--config" ? "config" : "home"] = value;
    } else rest.push(word);
  }
  return { common, help, rest };
}

/** `run` takes its own options and the tool's fields, mixed. Its own are known by name; everything else, and all after a `--`, is a field. */
function splitRunWords(words: readonly string[]): { readonly own: string[]; readonly fields: string[] } {
  const own: string[] = [];
  const fields: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const name = word.split("=", 1)[0]!;
    if (word === "--") {
      fields.push(...words.slice(index + 1));
      break;
    }
    const takes =
      ["--input", "--key", "--after"].includes(name) || (name === "--wait" && /^\d/.test(words[index + 1] ?? ""));
    if (takes || name === "--wait") {
      own.push(word);
      if (takes && name === word && index + 1 < words.length) own.push(words[++index]!);
    } else fields.push(word);
  }
  return { own, fields };
}

/** Commander's complaint in our words; it starts with "error: " and may end with a suggestion in brackets. */
function complaint(error: CommanderError, name: string, prefix: string): string {
  const said = error.message.replace(/^error: /, "").replace(/^./, (first) => first.toUpperCase());
  const [what = "", near] = said.split(/\n\(Did you mean (.+?)\?\)$/);
  const hint = near === undefined ? `\`${prefix}help ${name}\` shows how it is used.` : `Did you mean ${near}?`;
  return `${what.replace(/\.$/, "")}. ${hint}`;
}

function unknownCommand(name: string, commands: readonly CommandSpec[], prefix: string): Error {
  if (LATER_COMMANDS.includes(name)) return usageError(`${prefix}${name} is not in this version.`);
  const near = nearest(name, [...commands.map((command) => command.name), "help"]);
  const hint =
    near !== undefined
      ? `Did you mean ${prefix}${near}?`
      : prefix === "/"
        ? "/help lists the commands."
        : `\`brains help\` lists the commands. If it is a tool: brains run ${name}`;
  return usageError(`There is no command ${name}. ${hint}`);
}

function parser(name: string): Command {
  return new Command(name)
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
}

function parseCommand(spec: CommandSpec, words: readonly string[], prefix: string): CommandInput {
  let input: CommandInput | undefined;
  const command = parser(spec.name);
  for (const argument of spec.args?.match(/[<[][^>\]]+[>\]]/g) ?? []) command.argument(argument);
  for (const [flags, description] of spec.options ?? []) {
    if (description.endsWith("repeatable")) {
      command.option(flags, "", (value: string, before: string[] | undefined) => [...(before ?? []), value]);
    } else command.option(flags);
  }
  command.action((...all: unknown[]) => {
    const args = all.slice(0, -2).flat();
    input = {
      args: args.filter((arg): arg is string => typeof arg === "string"),
      options: command.opts<Record<string, OptionValue>>(),
    };
  });
  let line = [...words];
  let fields: readonly string[] = [];
  if (spec.name === "run") {
    const split = splitRunWords(words);
    const tool = split.fields[0]?.startsWith("-") === false ? split.fields.slice(0, 1) : [];
    fields = split.fields.slice(tool.length);
    line = [...tool, ...split.own];
  } else if (spec.passThrough === true) {
    fields = words;
    line = [];
  }
  try {
    command.parse(line, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(complaint(error, spec.name, prefix));
    throw error;
  }
  return { args: [...input!.args, ...fields], options: input!.options };
}

/** Parse the words after `brains`, or after `/` at the prompt. Throws a `USAGE` error. */
export function parseLine(
  words: readonly string[],
  commands: readonly CommandSpec[],
  hidden: readonly CommandSpec[],
  prefix: "brains " | "/",
): ParsedLine {
  const { common, help, rest } = takeCommon(words);
  const [name, ...others] = rest;
  if (name === undefined) return help ? { kind: "help", topic: undefined, common } : { kind: "prompt", common };
  if (name === "--version" || name === "-V") return { kind: "version", common };
  if (name === "help") return { kind: "help", topic: others[0], common };
  if (name.startsWith("-")) throw usageError(`There is no option ${name} here. \`brains help\` lists what there is.`);
  const spec = [...commands, ...hidden].find((command) => command.name === name);
  if (spec === undefined) throw unknownCommand(name, commands, prefix);
  if (help) {
    const tool = others.find((word) => !word.startsWith("-"));
    const tools = commands.find((command) => command.name === "tools");
    if (spec.name !== "run" || tool === undefined || tools === undefined) return { kind: "help", topic: name, common };
    return { kind: "command", spec: tools, input: { args: [tool], options: {} }, common };
  }
  return { kind: "command", spec, input: parseCommand(spec, others, prefix), common };
}
