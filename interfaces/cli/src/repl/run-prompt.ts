import type { AppSession, DemoPlan } from "../app-port.ts";
import type { CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Layout } from "../render/layout.ts";
import { canDraw, isTerminal } from "../output.ts";
import { errorLines } from "../render/error.ts";
import { queuedLines } from "../render/replies.ts";
import { followWork } from "../follow-work.ts";
import { enqueuePlan, resultsOf } from "../plan.ts";
import { printable } from "../text/printable.ts";
import { wrap } from "../text/width.ts";
import type { Prompt } from "./prompt.ts";
import type { TerminalControl } from "./screen.ts";
import { openSession } from "../open-session.ts";

type Base = Pick<CommandContext, "app" | "output" | "streams" | "brain">;

/** `brains` without a command: the prompt on a terminal, else commands read line by line from stdin. */
export async function runPrompt(base: Base, plan?: DemoPlan): Promise<number> {
  const { streams, output } = base;
  const session = await openSession(base, true, "repl");
  try {
    if (output.json || !canDraw(streams, base.brain.env)) {
      if (isTerminal(streams.stdin)) output.note([" One command per line, as at the prompt; Ctrl+D leaves."]);
      const { runPiped } = await import("./run-piped.ts");
      return await runPiped(base, session);
    }
    return await runScreen(base, session, plan);
  } finally {
    await session.close();
  }
}

function greeting(base: Base, session: AppSession, layout: Layout): string[] {
  const { style } = layout;
  return [
    ` ${style.bold("brains")} ${base.app.version}   ${style.dim(`${printable(session.brain.name)}   ${printable(shortPath(session.brain.dir, base.brain.env.HOME))}`)}`,
    ...(session.warnings ?? []).map((warning) => ` ${style.yellow(printable(warning))}`),
  ];
}

async function runScreen(base: Base, session: AppSession, plan: DemoPlan | undefined): Promise<ExitCode> {
  const { streams, output } = base;
  const [{ render }, { createElement }, { Screen }, { createPrompt }, { openHistory }, { createPromptOutput }] =
    await Promise.all([
      import("ink"),
      import("react"),
      import("./screen.ts"),
      import("./prompt.ts"),
      import("./history.ts"),
      import("./prompt-output.ts"),
    ]);
  const layout = (): Layout => ({ ...output.layout(), prefix: "/" });
  const terminal: TerminalControl = {};
  const prompt = createPrompt({
    session,
    history: await openHistory(session.brain.home),
    layout,
    line: { app: base.app, streams, brain: base.brain },
    output: (say, json) => createPromptOutput(say, layout, json),
    suspend: () => void suspendProcess(terminal),
  });
  prompt.say(greeting(base, session, layout()));
  const instance = render(createElement(Screen, { prompt, layout, terminal }), {
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    exitOnCtrlC: false,
    interactive: true,
    incrementalRendering: true,
    maxFps: 60,
    // What a plugin prints goes above the live rows, where the console is the real one.
    patchConsole: typeof console.Console === "function",
  });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGTERM", onSignal);
  process.once("SIGHUP", onSignal);
  process.once("SIGINT", onSignal);
  try {
    if (plan !== undefined) void startPlan(plan, session, prompt, layout, stop.signal);
    const stopped = new Promise<number>((resolve) => stop.signal.addEventListener("abort", () => resolve(130)));
    return (await Promise.race([prompt.left, stopped])) as ExitCode;
  } finally {
    stop.abort();
    process.off("SIGTERM", onSignal);
    process.off("SIGHUP", onSignal);
    process.off("SIGINT", onSignal);
    await prompt.close();
    await instance.waitUntilRenderFlush();
    instance.unmount();
    await instance.waitUntilExit();
  }
}

/** Ctrl+Z: give the terminal back, stop, and draw again when the shell brings us to the foreground. */
async function suspendProcess(terminal: TerminalControl): Promise<void> {
  if (process.platform === "win32" || terminal.suspend === undefined) return;
  await terminal.suspend(
    () =>
      new Promise<void>((resolve) => {
        process.once("SIGCONT", () => resolve());
        process.kill(process.pid, "SIGTSTP");
      }),
  );
}

/** The demonstration: start its steps, leave the person at the prompt, and say the last words when all completed. */
async function startPlan(
  plan: DemoPlan,
  session: AppSession,
  prompt: Prompt,
  layout: () => Layout,
  signal: AbortSignal,
): Promise<void> {
  try {
    prompt.say(inWidth(plan.intro, layout()));
    const numbers = await enqueuePlan(plan, session, (queued) => prompt.say(queuedLines(queued, layout())));
    if (numbers.length === 0) return;
    const end = await followWork(session, numbers, { signal, stopAtDecision: false, onChange: () => {} });
    if (end.because !== "ended" || end.operations.some((operation) => operation.status !== "completed")) return;
    prompt.say(inWidth(await plan.closing(session, await resultsOf(session, numbers)), layout()));
  } catch (error) {
    prompt.say(errorLines(error, layout()));
  }
}

function inWidth(lines: readonly string[], layout: Layout): string[] {
  return lines.flatMap((line) => wrap(printable(line), layout.width - 2)).map((line) => ` ${line}`);
}

function shortPath(path: string, home: string | undefined): string {
  return home !== undefined && home.length > 1 && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
