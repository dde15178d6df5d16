import type { Operation } from "@brains/shell";
import { printable } from "../text/printable.ts";
import { fit, textWidth, truncate } from "../text/width.ts";
import { bar } from "./bar.ts";
import type { Layout } from "./layout.ts";
import { elapsed, nameOf, needsDecision, remaining, remark } from "./operations.ts";
import { stateTone, stateWord } from "./state.ts";

const BAR = 16;

/** Cells for the names, so that the bars of several lines stand below each other. */
function nameColumn(operations: readonly Operation[], width: number): number {
  const longest = Math.max(14, ...operations.map((operation) => textWidth(nameOf(operation))));
  return Math.min(longest, Math.max(14, Math.floor(width * 0.28)));
}

function numberColumn(operations: readonly Operation[]): number {
  return Math.max(...operations.map((operation) => `#${operation.number}`.length));
}

/** Operations as lines of bars. */
export function barLines(operations: readonly Operation[], layout: Layout): string[] {
  const width = Math.min(layout.width, 140) - 1;
  const columns = { name: nameColumn(operations, width), number: numberColumn(operations) };
  return operations.map((operation) => barLine(operation, columns, layout));
}

/** A running operation in one line: number, name, bar, counts, what it does now, time so far and time left. Never wider than the layout. */
function barLine(
  operation: Operation,
  columns: { readonly name: number; readonly number: number },
  layout: Layout,
): string {
  const { style, now } = layout;
  const width = Math.min(layout.width, 140) - 1;
  const standing = { state: operation.status, reason: operation.reason, cancelling: operation.cancelling };
  const time = elapsed(operation, now);
  const left = remaining(operation, now);
  const share = operation.counts.percent;
  const running = operation.status === "processing" && !operation.cancelling;
  const mark = needsDecision(operation) ? style.yellow("!") : running ? style.cyan("●") : "○";
  const nameWidth = Math.max(1, Math.min(columns.name, width - 4 - columns.number));
  const number = `#${operation.number}`.padStart(columns.number);
  let line = ` ${mark} ${style.bold(number)} ${fit(nameOf(operation), nameWidth)}`;
  let used = 4 + columns.number + nameWidth;
  const add = (plain: string, painted = plain) => {
    if (plain === "" || used + 2 + textWidth(plain) > width) return false;
    line += `  ${painted}`;
    used += 2 + textWidth(plain);
    return true;
  };
  if (!running) {
    const word = stateWord(needsDecision(operation) ? { state: "waiting_approval" } : standing);
    const tone = stateTone(standing);
    add(word, tone === undefined ? word : style[tone](word));
    const text = printable(remark(operation, now, layout.prefix));
    if (text !== "") add(truncate(text, width - used - 2), style.dim(truncate(text, width - used - 2)));
    return line;
  }
  if (share !== undefined && used + BAR + 2 < width) {
    const drawn = bar(share / 100, BAR);
    add(drawn, style.cyan(drawn));
  }
  add(printable(operation.progress ?? ""));
  const tail = [time, left].filter((part) => part !== "").join("  ");
  const room = width - used - textWidth(tail) - 4;
  const task = printable(operation.note ?? operation.currentTask ?? "");
  if (task !== "" && room >= 8) {
    const cut = truncate(task, Math.min(room, 44));
    add(cut, style.dim(cut));
  }
  if (!add(tail, style.dim(tail))) add(time, style.dim(time));
  return line;
}
