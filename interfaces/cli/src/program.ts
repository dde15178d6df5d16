import { Command, CommanderError } from "commander";
import type { CommandInput, CommandSpec, OptionValue } from "./command.ts";
import { LATER_COMMANDS } from "./commands/registry.ts";
import { usageError } from "./cli-error.ts";
import { nearest } from "./nearest.ts";

/** What a parsed line asks for. Options common to all commands are taken out of `input.options`. */
export type ParsedLine =
  | { readonly kind: "command"; readonly spec: CommandSpec; readonly input: CommandInput; readonly common: CommonOptions }
  | { readonly kind: "prompt"; readonly common: CommonOptions }
  | { readonly kind: "help"; readonly topic: string | undefined; readonly common: CommonOptions }
  | { readonly kind: "version"; readonly common: CommonOptions };

export interface CommonOptions {
  readonly json: boolean;
  readonly color?: boolean | undefined;
  readonly input?: boolean | undefined;
  readonly config?: string | undefined;
  readonly home?: string | undefined;
}

function addCommonOptions(command: Command): Command {
  return command
    .option("--json")
    .option("--no-color")
    .option("--no-input")
    .option("--config <file>")
    .option("--home <dir>")
    .option("-h, --help")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
}

/**
 * `run` takes two kinds of words after the tool: its own options and the tool's fields. Its own are known by name; everything else is a field.
 * After `--` everything is a field.
 */
function splitRunWords(words: readonly string[]): { readonly own: string[]; readonly fields: string[] } {
  const withValue = new Set(["--input", "--key", "--after", "--config", "--home"]);
  const alone = new Set(["--json", "--no-color", "--no-input", "-h", "--help"]);
  const own: string[] = [];
  const fields: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const name = word.split("=", 1)[0]!;
    if (word === "--") {
      fields.push(...words.slice(index + 1));
      break;
    }
    if (alone.has(word)) own.push(word);
    else if (withValue.has(name)) {
      own.push(word);
      if (name === word && index + 1 < words.length) own.push(words[++index]!);
    } else if (name === "--wait") {
      own.push(word);
      if (name === word && /^\d/.test(words[index + 1] ?? "")) own.push(words[++index]!);
    } else fields.push(word);
  }
  return { own, fields };
}

/** Commander's complaint in our words; it starts with "error: " and may end with a suggestion in brackets. */
function complaint(error: CommanderError): string {
  return error.message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.+?)\?\)$/, ". Did you mean $1?")
    .replace(/^./, (first) => first.toUpperCase());
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

/** Parse the words after `brains`, or after `/` at the prompt. Throws a `USAGE` error. */
export function parseLine(
  words: readonly string[],
  commands: readonly CommandSpec[],
  hidden: readonly CommandSpec[],
  prefix: "brains " | "/",
): ParsedLine {
  let parsed: ParsedLine | undefined;
  const program = addCommonOptions(new Command("brains")).option("-V, --version").helpCommand(false);
  program.enablePositionalOptions();
  program.argument("[command]");
  const common = (raw: Record<string, unknown>): CommonOptions => ({
    json: raw.json === true,
    color: raw.color as boolean | undefined,
    input: raw.input as boolean | undefined,
    config: raw.config as string | undefined,
    home: raw.home as string | undefined,
  });
  program.action((name: string | undefined, options: Record<string, unknown>) => {
    if (options.version === true) parsed = { kind: "version", common: common(options) };
    else if (name !== undefined) throw unknownCommand(name, commands, prefix);
    else if (options.help === true) parsed = { kind: "help", topic: undefined, common: common(options) };
    else parsed = { kind: "prompt", common: common(options) };
  });
  addCommonOptions(program.command("help [topic]")).action((topic: string | undefined, _: unknown, command: Command) => {
    parsed = { kind: "help", topic, common: common(command.optsWithGlobals()) };
  });
  for (const spec of [...commands, ...hidden]) {
    const command = addCommonOptions(program.command(`${spec.name} ${spec.args ?? ""}`.trim()));
    for (const [flags] of spec.options ?? []) {
      if (flags.includes("repeatable") || flags.startsWith("--after <id>")) {
        command.option(flags, "", (value: string, before: string[] | undefined) => [...(before ?? []), value]);
      } else command.option(flags);
    }
    command.action((...all: unknown[]) => {
      const options = command.optsWithGlobals() as Record<string, OptionValue>;
      const own = command.opts() as Record<string, OptionValue>;
      parsed =
        options.help === true
          ? { kind: "help", topic: spec.name, common: common(options) }
          : {
              kind: "command",
              spec,
              common: common(options),
              input: { args: all.slice(0, -2).flat().filter((arg): arg is string => typeof arg === "string"), options: own },
            };
    });
  }
  const at = words.findIndex((word) => !word.startsWith("-"));
  const spec = [...commands, ...hidden].find((command) => command.name === words[at]);
  let line = [...words];
  let fields: readonly string[] = [];
  if (spec?.passThrough === true) {
    if (spec.name === "run") {
      const split = splitRunWords(words.slice(at + 1));
      const tool = split.fields[0]?.startsWith("-") === false ? split.fields.slice(0, 1) : [];
      fields = split.fields.slice(tool.length);
      line = [...words.slice(0, at + 1), ...split.own, ...tool];
    } else {
      fields = words.slice(at + 1);
      line = words.slice(0, at + 1);
    }
  } else if (spec !== undefined && (words.includes("--help") || words.includes("-h"))) {
    // Help is given even where required arguments are missing.
    return { kind: "help", topic: spec.name, common: { json: words.includes("--json") } };
  }
  if (spec?.name === "run" && (line.includes("--help") || line.includes("-h"))) {
    const tool = line.slice(at + 1).find((word) => !word.startsWith("-"));
    const tools = commands.find((command) => command.name === "tools");
    if (tool === undefined || tools === undefined) return { kind: "help", topic: "run", common: { json: false } };
    return { kind: "command", spec: tools, input: { args: [tool], options: {} }, common: { json: line.includes("--json") } };
  }
  try {
    program.parse(line, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(complaint(error));
    throw error;
  }
  if (parsed?.kind === "command" && fields.length > 0) {
    parsed = { ...parsed, input: { ...parsed.input, args: [...parsed.input.args, ...fields] } };
  }
  return parsed!;
}

