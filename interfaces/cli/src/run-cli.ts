import type { AppPort, AppSession, BrainOptions } from "./app-port.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { COMMANDS, HIDDEN_COMMANDS } from "./commands/registry.ts";
import { exitCodeOfError, type ExitCode } from "./exit-codes.ts";
import { createOutput, type Output } from "./output.ts";
import { errorLines, errorView } from "./render/error.ts";
import { interruptedNote } from "./interrupted-note.ts";
import { openSession } from "./open-session.ts";
import { printable } from "./text/printable.ts";

export interface CliOptions {
  /** The words after `brains`. */
  readonly argv: readonly string[];
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly app: AppPort;
}

/** Run one command, or the prompt, and resolve to the exit code. Never throws and never ends the process. */
export async function runCli(options: CliOptions): Promise<number> {
  const { argv, app, stdout } = options;
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    stdout.write(`${app.version}\n`);
    return 0;
  }
  let unwritten: Error | undefined;
  // Whoever reads our output may leave early (`brains jobs | head`); that is no fault. A full disk is one.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") unwritten ??= error;
  });
  const output: OutputFor = (common) =>
    createOutput({ ...options, json: common.json, color: common.color, input: common.input });
  const code = await runLine(options, output);
  // A write that fails says so one turn later.
  await new Promise((resolve) => setImmediate(resolve));
  if (unwritten === undefined) return code;
  const failed = new CliError("OUTPUT_FAILED", `The output could not be written: ${unwritten.message}.`);
  return showError(output({ json: false }), failed, options.env);
}

type OutputFor = (common: { json: boolean; color?: boolean | undefined; input?: boolean | undefined }) => Output;

async function runLine(options: CliOptions, output: OutputFor): Promise<number> {
  const { argv, app } = options;
  // Until the line is understood, errors are shown in the form that it seems to ask for.
  let out = output({ json: argv.includes("--json"), color: argv.includes("--no-color") ? false : undefined });
  try {
    const { parseLine } = await import("./program.ts");
    const line = parseLine(argv, COMMANDS, HIDDEN_COMMANDS, "brains ");
    out = output(line.common);
    if (line.kind === "version") {
      out.show("version", app.version, () => [app.version]);
      return 0;
    }
    if (line.kind === "help") return await showHelp(out, app, line.topic);
    const { config, home, inProcess } = line.common;
    const brain: BrainOptions = { config, home, inProcess, cwd: options.cwd, env: options.env };
    if (line.kind === "prompt") {
      const { runPrompt } = await import("./repl/run-prompt.ts");
      return await runPrompt({ app, output: out, streams: options, brain });
    }
    return await runCommand(line.spec, line.input, { app, output: out, streams: options, brain });
  } catch (error) {
    return showError(out, error, options.env);
  }
}

async function runCommand(
  spec: CommandSpec,
  input: Parameters<Awaited<ReturnType<CommandSpec["load"]>>>[1],
  base: Pick<CommandContext, "app" | "output" | "streams" | "brain">,
): Promise<ExitCode> {
  let session: AppSession | undefined;
  const context: CommandContext = {
    ...base,
    interruptible,
    async session({ plugins, brain = base.brain }) {
      if (session !== undefined) return session;
      session = await openSession({ ...base, brain }, plugins, "cli");
      base.output.note([
        ...(session.warnings ?? []).map((warning) => ` ${printable(warning)}`),
        ...(await interruptedNote(session)),
      ]);
      return session;
    },
  };
  // The store's own timers never keep a process alive, so a command that waits on them would end in the middle.
  const alive = setInterval(() => {}, 60_000);
  try {
    const action = await spec.load();
    return await action(context, input);
  } finally {
    clearInterval(alive);
    await session?.close();
  }
}

/** The first Ctrl-C asks the work to end; a second one ends the process as the system would. */
async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ value: T; interrupted: boolean }> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once("SIGINT", onInterrupt);
  try {
    return { value: await work(stop.signal), interrupted: stop.signal.aborted };
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

async function showHelp(output: Output, app: AppPort, topic: string | undefined): Promise<ExitCode> {
  const help = await import("./render/help.ts");
  if (topic === undefined) {
    output.show("help", { commands: COMMANDS.map(({ name, args, summary }) => ({ name, args, summary })) }, (layout) =>
      help.overviewLines(COMMANDS, app.version, layout),
    );
    return 0;
  }
  if (topic === "exit-codes") {
    const { EXIT_CODES } = await import("./exit-codes.ts");
    output.show("exit-codes", EXIT_CODES, (layout) => help.exitCodeLines(layout));
    return 0;
  }
  const spec = COMMANDS.find((command) => command.name === topic);
  if (spec === undefined) {
    const { nearest } = await import("@brains/plugin/nearest");
    const near = nearest(topic, [...COMMANDS.map((command) => command.name), "exit-codes"]);
    throw new CliError(
      "USAGE",
      `There is no help on ${topic}. ${near === undefined ? "`brains help` lists the commands." : `Did you mean ${near}?`}`,
    );
  }
  const { name, args, summary, options, examples } = spec;
  output.show("help", { name, args, summary, options, examples }, (layout) => help.commandLines(spec, layout));
  return 0;
}

/** Show whatever was thrown; stack traces only with BRAINS_DEBUG. */
function showError(output: Output, error: unknown, env: CliOptions["env"]): ExitCode {
  const view = errorView(error);
  const coded = view.code !== undefined;
  if (output.json) output.show("error", view, () => []);
  output.note(errorLines(error, output.noteLayout()));
  if ((env.BRAINS_DEBUG ?? "") !== "" && error instanceof Error) output.note((error.stack ?? "").split("\n"));
  return coded ? exitCodeOfError(view.code) : 1;
}
