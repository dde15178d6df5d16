import type { AppSession } from "../app-port.ts";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { COMMANDS } from "../commands/registry.ts";
import { pluginTools } from "../commands/tools.ts";
import type { ExitCode } from "../exit-codes.ts";
import { nearest } from "@brains/plugin/nearest";
import type { Output } from "../output.ts";
import { parseLine } from "../program.ts";
import { commandLines, exitCodeLines, promptHelpLines } from "../render/help.ts";

export const PROMPT_COMMANDS = COMMANDS.filter((command) => command.prompt);
const LEAVE = ["quit", "exit"];

export interface LineContext extends Omit<CommandContext, "output" | "session"> {
  readonly session: AppSession;
  readonly output: (json: boolean) => Output;
}

function showHelp(output: Output, topic: string | undefined): ExitCode {
  if (topic === undefined) output.show("help", null, (layout) => promptHelpLines(PROMPT_COMMANDS, layout));
  else if (topic === "exit-codes") output.show("exit-codes", null, exitCodeLines);
  else {
    const spec = PROMPT_COMMANDS.find((command) => command.name === topic.replace(/^\//, ""));
    if (spec === undefined) throw usageError(`There is no help on ${topic}. /help lists the commands.`);
    output.show("help", null, (layout) => commandLines(spec, layout));
  }
  return 0;
}

/** A word that is neither verb nor tool: name the nearest of both. */
function unknownWord(word: string, session: AppSession): Error {
  const tools = pluginTools(session.shell.listTools(session.caller)).map((tool) => tool.short ?? tool.name);
  const verbs = [...PROMPT_COMMANDS.map((command) => command.name), ...LEAVE, "help"];
  const bare = word.replace(/^\//, "");
  const near = nearest(bare, word.startsWith("/") ? verbs : [...tools, ...verbs]);
  if (near === undefined) return usageError(`There is no command or tool ${word}. /help and /tools list them.`);
  return usageError(`There is no command or tool ${word}. Did you mean ${tools.includes(near) ? near : `/${near}`}?`);
}

/** Run one typed command. Verbs win over tools of the same name. Throws what the command throws. */
export async function runLine(words: readonly string[], context: LineContext): Promise<ExitCode | "quit"> {
  const [first = "", ...rest] = words;
  const name = first.replace(/^\//, "");
  if (LEAVE.includes(name)) return "quit";
  const verb = name === "help" || PROMPT_COMMANDS.some((command) => command.name === name);
  if (!verb) {
    const tools = context.session.shell.listTools(context.session.caller);
    const known = tools.some((tool) => tool.name === first || tool.short === first || tool.name.endsWith(`:${first}`));
    if (!known && COMMANDS.some((command) => command.name === name)) {
      throw usageError(`${name} is a command of the terminal: brains ${name}`);
    }
    // Names of commands that are still to come are refused by the parser, in its words.
    if (!known && first.startsWith("/")) parseLine([name, ...rest], PROMPT_COMMANDS, [], "/");
    if (!known) throw unknownWord(first, context.session);
  }
  const line = parseLine(verb ? [name, ...rest] : ["run", ...words], PROMPT_COMMANDS, [], "/");
  const output = context.output(line.common.json);
  if (line.kind === "help") return showHelp(output, line.topic);
  if (line.kind !== "command") throw usageError("Type a command or a tool's name; /help lists them.");
  if (line.common.config !== undefined || line.common.home !== undefined) {
    throw usageError("--config and --home choose the brain, and this prompt has one. Start brains with them.");
  }
  const action = await line.spec.load();
  return action({ ...context, output, session: async () => context.session }, line.input);
}
