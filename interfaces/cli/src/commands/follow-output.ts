// Work that usually ends soon, such as a command: its output is printed as it comes, as if it had been run by hand.
import type { LogsReply, Operation, QueuedReply } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import type { CommandContext } from "../command.ts";
import { exitCodeOf, worstExitCode, type ExitCode } from "../exit-codes.ts";
import { followWork, type WorkEnd } from "../follow-work.ts";
import { resultsOf } from "../plan.ts";
import { dataLines } from "../render/data.ts";
import { needsDecision } from "../render/operations.ts";
import { wholeLines } from "../render/logs.ts";
import { changeLine } from "../render/replies.ts";
import { printableLines } from "../text/printable.ts";
import { followLog } from "./logs.ts";

const LINES = 1000;

/** `seconds`: how long to stay; the work goes on after that. */
export async function followOutput(
  context: CommandContext,
  session: AppSession,
  { number }: QueuedReply,
  seconds: number,
): Promise<ExitCode> {
  const { output } = context;
  const { prefix } = output.noteLayout();
  const enough = new AbortController();
  let told: string | undefined;
  const tell = ([operation]: readonly Operation[]) => {
    const waits = operation === undefined ? undefined : waitsFor(operation, prefix);
    if (waits !== undefined && waits !== told) output.note([` ${waits}`]);
    told = waits;
  };
  const { value: end, interrupted } = await context.interruptible(async (signal) => {
    const log = followLog(session, number, {
      limit: LINES,
      signal: AbortSignal.any([signal, enough.signal]),
      onLines: (reply) => output.show("log", reply, () => outputLines(reply)),
    });
    const work = followWork(session, [number], {
      timeout: seconds * 1000,
      signal,
      stopAtDecision: !output.interactive,
      onChange: tell,
    });
    // Of what has ended the log is read to its end.
    work.then(
      ({ because }) => because === "ended" || enough.abort(),
      () => enough.abort(),
    );
    const [ended] = await Promise.all([work, log]);
    return ended;
  }, number);
  return report(context, session, interrupted && end.because !== "ended" ? { ...end, because: "interrupt" } : end);
}

/** What only the person at the terminal can bring on. */
function waitsFor(operation: Operation, prefix: string): string | undefined {
  const { number, requests, note } = operation;
  if (needsDecision(operation)) return `waits for a person: ${prefix}approve ${requests[0] ?? number}`;
  return note === "waits for input" ? `waits for input: ${prefix}send ${number} …` : undefined;
}

/** Lines by which a program tells the shell something: progress, and that it waits. */
const STATEMENT = /^::brains /;

/** Notes are about the program, not of it. */
function outputLines({ lines }: LogsReply): string[] {
  return wholeLines(lines.filter(({ stream }) => stream !== "note"))
    .filter(({ text }) => !STATEMENT.test(text))
    .flatMap(({ text }) => printableLines(text));
}

async function report(
  { output }: CommandContext,
  session: AppSession,
  { operations, because }: WorkEnd,
): Promise<ExitCode> {
  const layout = output.noteLayout();
  const [operation] = operations;
  if (operation === undefined) return 0;
  const { number } = operation;
  if (because !== "ended") {
    const next = because === "decision" ? `approve ${operation.requests[0] ?? number}` : `logs ${number} -f`;
    output.note([
      ` #${number} goes on in the background. ${because === "decision" ? "Decide" : "Follow"}: ${layout.prefix}${next}`,
    ]);
    return because === "interrupt" ? 130 : because === "decision" ? 5 : 0;
  }
  output.note([` ${changeLine(operation, layout)}`]);
  const [result] = operation.status === "completed" ? await resultsOf(session, [number]) : [];
  if (result !== undefined && result !== null && !describesOutput(result))
    output.note(dataLines(result, layout).map((line) => `  ${line}`));
  return worstExitCode([exitCodeOf({ state: operation.status, reason: operation.reason })]);
}

/** A result that has the end of the output in it says of the program what is on the screen already. */
function describesOutput(result: unknown): boolean {
  return typeof result === "object" && result !== null && "tail" in result;
}
