import type { LogsReply } from "@brains/shell";
import { printableLines } from "../text/printable.ts";
import { clockSeconds } from "../text/time.ts";
import type { Layout } from "./layout.ts";

/** Texts that one line was written in, put together: what another stream said in between comes after it. */
export function wholeLines(lines: LogsReply["lines"]): LogsReply["lines"] {
  const whole: LogsReply["lines"][number][] = [];
  const open = new Map<string, number>();
  for (const line of lines) {
    const at = open.get(line.stream);
    const before = at === undefined ? undefined : whole[at];
    const place = before === undefined ? whole.length : at!;
    whole[place] = before === undefined ? line : { ...before, text: before.text + line.text };
    if (line.open === true) open.set(line.stream, place);
    else open.delete(line.stream);
  }
  return whole;
}

/** Log lines with their time; stderr in yellow. Never cut: a terminal wraps them. */
export function logLines(lines: LogsReply["lines"], layout: Layout): string[] {
  const { style } = layout;
  return wholeLines(lines).flatMap((line) => {
    const time = style.dim(clockSeconds(Date.parse(line.at)));
    return printableLines(line.text).map((text) => {
      const shown = line.stream === "stderr" ? style.yellow(text) : text;
      return `${time}  ${shown}`;
    });
  });
}
