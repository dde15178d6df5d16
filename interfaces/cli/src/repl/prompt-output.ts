import { jsonLine, type Output } from "../output.ts";
import type { Layout } from "../render/layout.ts";
import { printable } from "../text/printable.ts";

/** Output of a command typed at the prompt: everything becomes lines of the scrollback. */
export function createPromptOutput(
  say: (lines: readonly string[]) => void,
  layout: () => Layout,
  json: boolean,
): Output {
  return {
    json,
    interactive: true,
    progress: "none",
    layout,
    noteLayout: layout,
    show(type, data, lines, next) {
      say(json ? [printable(jsonLine(type, data, next))] : lines(layout()));
    },
    note: say,
    redraw() {},
  };
}
