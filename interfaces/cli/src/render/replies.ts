import type { ActionReply, Operation, QueuedReply, RerunReply } from "@brains/shell";
import { printable } from "../text/printable.ts";
import type { Layout } from "./layout.ts";
import { elapsed, nameOf, remaining } from "./operations.ts";
import { stateTone, stateWord } from "./state.ts";

/** What a tool enqueued, and how to follow it. */
export function queuedLines(queued: QueuedReply, layout: Layout): string[] {
  const number = queued.number;
  const label = printable(queued.label);
  return [
    ` ${layout.style.bold(`#${number}`)} ${label} ${layout.style.dim("queued")}`,
    ...(layout.prefix === "/"
      ? []
      : [` ${layout.style.dim(`follow: brains wait ${number} | brains status ${number} | brains cancel ${number}`)}`]),
  ];
}

/** One line for what just changed or ended: `#142 build-site  done  22s`. */
export function changeLine(operation: Operation, layout: Layout): string {
  const standing = { state: operation.status, reason: operation.reason, cancelling: operation.cancelling };
  const tone = stateTone(standing);
  const word = stateWord(standing);
  const running = operation.status === "processing";
  const failed = operation.status === "failed" ? (operation.error ?? operation.errors?.[0]?.message ?? "") : "";
  const error = operation.status === "cancelled" ? (operation.error ?? "") : failed;
  const parts = [
    `#${operation.number} ${nameOf(operation)}`,
    tone === undefined ? word : layout.style[tone](word),
    running || operation.status === "failed" ? (operation.progress ?? "") : "",
    running ? printable(operation.currentTask ?? "") : "",
    elapsed(operation, layout.now),
    running ? remaining(operation, layout.now) : "",
    printable(error),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** What became of each thing that was named. */
export function actionLines(reply: ActionReply, layout: Layout): string[] {
  return reply.results.map((result) => {
    const name = `#${result.number}`;
    if (!result.ok) return ` ${name} ${layout.style.red("refused")}: ${printable(result.error?.message ?? "")}`;
    if (result.choice !== undefined) return ` ${name} ${printable(result.choice)}`;
    if (result.state === undefined) return ` ${name} deleted`;
    const standing = { state: result.state, cancelling: result.cancelling };
    const tone = stateTone(standing);
    const word = stateWord(standing);
    return ` ${name} ${tone === undefined ? word : layout.style[tone](word)}`;
  });
}

export function rerunLines(reply: RerunReply, layout: Layout): string[] {
  const { operation } = reply;
  return [
    ` ${layout.style.bold(`#${operation.number}`)} ${nameOf(operation)} ${layout.style.dim(`run ${operation.run}`)} ${stateWord({ state: operation.status })}`,
    ...forcedLine(reply.forced, layout),
  ];
}

function forcedLine(forced: RerunReply["forced"], layout: Layout): string[] {
  if (forced === undefined) return [];
  const { pid, worker } = forced;
  if (worker === "alive") {
    const warning = `worker ${pid} does not answer and could not be ended; what it still writes changes nothing`;
    return [` ${layout.style.yellow(warning)}`];
  }
  return [` ${layout.style.dim(`worker ${pid} ${worker === "ended" ? "did not answer and was ended" : "was dead"}`)}`];
}
