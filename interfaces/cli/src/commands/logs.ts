import type { LogsReply } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb, workRef } from "../call.ts";
import { text, type Action, type CommandContext } from "../command.ts";
import { exitCodeOf, type ExitCode } from "../exit-codes.ts";
import { logLines } from "../render/logs.ts";
import { numberOption } from "./filters.ts";

function showLines(context: CommandContext, reply: LogsReply): void {
  if (!context.output.json) {
    context.output.show("log", reply, (layout) => logLines(reply.lines, layout));
    return;
  }
  for (const line of reply.lines) context.output.show("log", { job: reply.number, ...line }, () => [], line.cursor);
}

/** How often a followed log is looked at: often while lines come, calmer while the job is silent. Milliseconds. */
const FAST = 100;
const CALM = 500;

export async function followLog(
  session: AppSession,
  id: string | number,
  options: {
    readonly after?: string | undefined;
    readonly limit: number;
    readonly signal: AbortSignal;
    readonly onLines: (reply: LogsReply) => void;
  },
): Promise<LogsReply> {
  let after = options.after;
  while (true) {
    const reply = await callVerb<LogsReply>(session, "logs", { id, after, limit: options.limit });
    after = reply.cursor;
    if (reply.lines.length > 0) options.onLines(reply);
    if (reply.ended || options.signal.aborted) return reply;
    if (reply.more !== true && reply.lines.length < options.limit) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          options.signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, reply.lines.length > 0 ? FAST : CALM);
        options.signal.addEventListener("abort", done);
      });
    }
  }
}

export const logs: Action = async (context, { args, options }): Promise<ExitCode> => {
  const id = workRef(args[0]!);
  const limit = numberOption("limit", options.limit, 1000, 1000);
  const session = await context.session({ plugins: false });
  const { output } = context;
  const after = text(options.after);
  if (options.follow !== true) {
    const reply = await callVerb<LogsReply>(session, "logs", { id, after, limit });
    output.show(
      "logs",
      reply,
      (layout) =>
        reply.lines.length === 0
          ? [` ${layout.style.dim(`#${reply.number} printed nothing${reply.ended ? "" : " yet"}`)}`]
          : logLines(reply.lines, layout),
      reply.cursor,
    );
    if (!output.json && (reply.more === true || reply.lines.length === limit) && !reply.ended) {
      output.note([` more: ${output.noteLayout().prefix}logs ${reply.number} --after ${reply.cursor}`]);
    }
    return 0;
  }
  const { value: last, interrupted } = await context.interruptible((signal) =>
    followLog(session, id, { after, limit, signal, onLines: (reply) => showLines(context, reply) }),
  );
  if (interrupted && !last.ended) {
    output.note([
      ` #${last.number} goes on. Follow again: ${output.noteLayout().prefix}logs ${last.number} -f --after ${last.cursor}`,
    ]);
    return 130;
  }
  if (output.json) output.show("end", { job: last.number, state: last.state }, () => [], last.cursor);
  else output.note([` #${last.number} ${last.state}`]);
  return exitCodeOf({ state: last.state });
};
