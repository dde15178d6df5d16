import type { Operation } from "@brains/shell";
import type { Output } from "./output.ts";
import { changeLine } from "./render/replies.ts";
import { barLines } from "./render/bar-line.ts";
import { clockSeconds } from "./text/time.ts";

/** Most bars that are redrawn at once. */
const BARS = 6;

export interface WaitScreen {
  update(operations: readonly Operation[]): void;
  /** Take the bars away. */
  close(): void;
}

/** Bars on a terminal, redrawn in place; elsewhere one line, with the time, for each change. Both on stderr. */
export function createWaitScreen(output: Output): WaitScreen {
  let drawn = 0;
  const erase = () => {
    if (drawn > 0) output.redraw(`\u001B[${drawn}A\r\u001B[J`);
    drawn = 0;
  };
  if (output.progress === "bars") {
    return {
      update(operations) {
        const layout = output.noteLayout();
        const lines = barLines(operations.slice(0, BARS), layout);
        if (operations.length > BARS) lines.push(layout.style.dim(` +${operations.length - BARS} more`));
        erase();
        output.redraw(`${lines.join("\n")}\n`);
        drawn = lines.length;
      },
      close: erase,
    };
  }
  const shown = new Map<string, string>();
  return {
    update(operations) {
      const layout = output.noteLayout();
      for (const operation of operations) {
        const key = [
          operation.run,
          operation.status,
          operation.progress,
          operation.currentTask,
          operation.requests.join(),
        ].join("\n");
        if (shown.get(operation.id) === key) continue;
        shown.set(operation.id, key);
        if (output.progress === "lines") output.note([`${clockSeconds(layout.now)}  ${changeLine(operation, layout)}`]);
      }
    },
    close() {},
  };
}
