import type { Action } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { canDraw } from "../output.ts";
import { enqueuePlan, resultsOf } from "../plan.ts";
import { queuedLines } from "../render/replies.ts";
import { printable } from "../text/printable.ts";
import { reportOutcome, waitForWork } from "./wait.ts";

/** `npm start`: on a terminal the prompt with the work already running; elsewhere one line per change, and the end. */
export const demo: Action = async (context): Promise<ExitCode> => {
  const { app, output, streams } = context;
  const plan = await app.demo(context.brain);
  const brain = { ...context.brain, ...plan.brain };
  if (output.interactive && !output.json && canDraw(streams, brain.env)) {
    const { runPrompt } = await import("../repl/run-prompt.ts");
    return (await runPrompt({ app, output, streams, brain }, plan)) as ExitCode;
  }
  if (!output.json) output.note(plan.intro.map((line) => ` ${printable(line)}`));
  const session = await context.session({ plugins: true, brain });
  const numbers = await enqueuePlan(plan, session, (queued) => {
    if (!output.json) output.note(queuedLines(queued, output.noteLayout()).slice(0, 1));
  });
  const end = await waitForWork(context, session, numbers, {});
  if (end.because !== "ended" || end.operations.some((operation) => operation.status !== "completed")) {
    return reportOutcome(context, session, end);
  }
  const lines = await plan.closing(session, await resultsOf(session, numbers));
  output.show("demo", { steps: numbers, closing: lines }, () => lines.map((line) => ` ${printable(line)}`));
  return 0;
};
