import type { LogsReply } from "@brains/shell";
import { printableLines } from "../text/printable.ts";
import { clockSeconds } from "../text/time.ts";
import type { Layout } from "./layout.ts";

/** Log lines with their time; stderr in yellow. Never cut: a terminal wraps them. */
export function logLines(lines: LogsReply["lines"], layout: Layout): string[] {
  const { style } = layout;
  return lines.flatMap((line) => {
    const time = style.dim(clockSeconds(Date.parse(line.at)));
    return printableLines(line.text).map((text) => {
      const shown = line.stream === "stderr" ? style.yellow(text) : text;
      return `${time}  ${shown}`;
    });
  });
}
