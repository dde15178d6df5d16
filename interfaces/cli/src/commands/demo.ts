import type { Action } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { queuedLines } from "../render/replies.ts";
import { printable } from "../text/printable.ts";
import { reportOutcome, waitForWork } from "./wait.ts";

/** `npm start`: on a terminal the prompt with the work already running; elsewhere one line per change, and the end. */
export const demo: Action = async (context): Promise<ExitCode> => {
  const { app, output, streams } = context;
  const plan = await app.demo(context.brain);
  const brain = { ...context.brain, ...plan.brain };
  const isTerminal = (stream: object) => (stream as { isTTY?: boolean }).isTTY === true;
  if (output.interactive && !output.json && isTerminal(streams.stdout)) {
    const { runPrompt } = await import("../repl/run-prompt.ts");
    return (await runPrompt({ app, output, streams, brain }, plan)) as ExitCode;
  }
  if (!output.json) output.note(plan.intro.map((line) => ` ${printable(line)}`));
  const session = await context.session({ plugins: true });
  const numbers: number[] = [];
  for (const step of plan.steps) {
    const reply = await session.shell.callTool(step.tool, step.input, session.caller, { after: numbers.slice(-1) });
    if (reply.kind === "data") continue;
    numbers.push(reply.queued.number);
    if (!output.json) output.note(queuedLines(reply.queued, output.noteLayout()).slice(0, 1));
  }
  await session.ensureWorker();
  const end = await waitForWork(context, session, numbers, {});
  const code = await reportOutcome(context, session, end);
  if (code !== 0) return code;
  const results = end.reply.operations.map(() => undefined as unknown);
  const lines = await plan.closing(session, results);
  if (!output.json) output.note([]);
  for (const line of lines) streams.stdout.write(output.json ? "" : `${printable(line)}\n`);
  return 0;
};
