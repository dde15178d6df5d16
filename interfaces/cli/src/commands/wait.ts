import type { AppSession } from "../app-port.ts";
import { workRef } from "../call.ts";
import type { Action, CommandContext } from "../command.ts";
import { exitCodeOf, worstExitCode, type ExitCode } from "../exit-codes.ts";
import { resultsOf } from "../plan.ts";
import { nameOf, needsDecision } from "../render/operations.ts";
import { dataLines } from "../render/data.ts";
import { changeLine } from "../render/replies.ts";
import { printable } from "../text/printable.ts";
import { truncate } from "../text/width.ts";
import { followWork, lookAt, type WorkEnd } from "../follow-work.ts";
import { createWaitScreen } from "../wait-screen.ts";
import { timeoutOption } from "./filters.ts";

/** Wait for work and show how it goes: bars on a terminal's stderr, else a line per change. Ctrl-C ends the waiting, never the work. */
export async function waitForWork(
  context: CommandContext,
  session: AppSession,
  ids: readonly (string | number)[],
  options: { readonly timeout?: number | undefined },
): Promise<WorkEnd> {
  const { output } = context;
  const screen = createWaitScreen(output);
  const { value, interrupted } = await context.interruptible((signal) =>
    followWork(session, ids, {
      timeout: options.timeout,
      signal,
      // On a terminal somebody can answer from another one, so the waiting goes on.
      stopAtDecision: !output.interactive,
      onChange: (operations) => screen.update(operations),
    }),
  );
  screen.close();
  return interrupted && value.because !== "ended" ? { ...value, because: "interrupt" } : value;
}

/** Print how the waiting ended, on stdout, and choose the exit code. */
export async function reportOutcome(context: CommandContext, session: AppSession, end: WorkEnd): Promise<ExitCode> {
  const { output } = context;
  const { operations } = end;
  const numbers = operations.map((operation) => `#${operation.number}`).join(", ");
  const { prefix } = output.noteLayout();
  if (end.because === "interrupt") {
    if (output.json) output.show("outcome", { because: end.because, operations, results: {} }, () => []);
    output.note([
      ` ${numbers} ${operations.length === 1 ? "goes" : "go"} on in the background. Look again: ${prefix}status`,
    ]);
    return 130;
  }
  const completed = operations.filter((operation) => operation.kind === "job" && operation.status === "completed");
  const found = await resultsOf(
    session,
    completed.map((operation) => operation.number),
  );
  const results = Object.fromEntries(completed.map((operation, index) => [operation.number, found[index]]));
  const codes = operations.map((operation): ExitCode => {
    if (needsDecision(operation)) return 5;
    return exitCodeOf({ state: operation.status, reason: operation.reason });
  });
  output.show("outcome", { because: end.because, operations, results }, (layout) =>
    operations.flatMap((operation) => {
      const lines = [` ${changeLine(operation, layout)}`];
      for (const error of operation.errors?.slice(0, 5) ?? []) {
        const text = `   #${error.number} ${printable(error.label ?? "")}: ${printable(error.message)}`;
        lines.push(truncate(text, layout.width));
      }
      const data = results[operation.number];
      if (data !== undefined && data !== null) lines.push(...dataLines(data, layout).map((line) => `  ${line}`));
      return lines;
    }),
  );
  if (end.because === "timeout") {
    output.note([` time is up; ${numbers} ${operations.length === 1 ? "goes" : "go"} on in the background`]);
    return 7;
  }
  for (const operation of operations.filter(needsDecision)) {
    for (const request of operation.requests) {
      output.note([` ${nameOf(operation)} waits for your answer: ${prefix}approve ${request}`]);
    }
  }
  const failed = operations.find((operation) => operation.status === "failed");
  if (failed !== undefined && !output.json) {
    output.note([` look closer: ${prefix}jobs ${failed.number}   run it again: ${prefix}retry ${failed.number}`]);
  }
  return worstExitCode(codes);
}

export const wait: Action = async (context, { args, options }) => {
  const timeout = timeoutOption("timeout", options.timeout);
  const session = await context.session({ plugins: false });
  await lookAt(session, args.map(workRef));
  await session.ensureWorker();
  return reportOutcome(context, session, await waitForWork(context, session, args.map(workRef), { timeout }));
};
