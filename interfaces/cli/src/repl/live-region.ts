import type { Operation } from "@brains/shell";
import { barLines } from "../render/bar-line.ts";
import type { Layout } from "../render/layout.ts";
import { nameOf, needsDecision } from "../render/operations.ts";
import { truncate } from "../text/width.ts";
import { cardLines, type CardState } from "./card.ts";
import { editorLines, type EditorLines } from "./editor-lines.ts";
import type { EditorState } from "./editor.ts";
import { inOrder, type WorkView } from "./work-view.ts";

/** Most rows of everything below the scrollback. */
const MOST_ROWS = 12;
const MOST_INPUT = 4;
const MOST_BARS = 4;

export interface LiveRegion {
  readonly lines: readonly string[];
  readonly cursor: { readonly x: number; readonly y: number } | undefined;
}

export interface LiveState {
  readonly view: WorkView;
  readonly card: CardState;
  readonly editor: EditorState;
  readonly history: readonly string[];
  readonly rows: number;
  /** A word under the input: what Ctrl+C did, what Tab offers. */
  readonly hint: string | undefined;
  /** How many followers (logs -f, wait) run. */
  readonly following: number;
}

function waitingLine(waiting: readonly Operation[], layout: Layout): string {
  const names = waiting.map((operation) => {
    const after =
      operation.waitsFor.length === 0 ? "" : ` after ${operation.waitsFor.map((number) => `#${number}`).join(", ")}`;
    return `#${operation.number} ${nameOf(operation)}${after}`;
  });
  return layout.style.dim(truncate(` ○ ${waiting.length} waiting: ${names.join(" · ")}`, layout.width - 1));
}

/** Bars of what runs in at most `most` lines; what waits is one line, what does not fit is counted. */
function workLines(operations: readonly Operation[], most: number, layout: Layout): string[] {
  if (operations.length === 0 || most <= 0) return [];
  const asking = operations.filter(needsDecision);
  const running = operations.filter((operation) => !needsDecision(operation) && operation.status === "processing");
  const waiting = operations.filter((operation) => !needsDecision(operation) && operation.status !== "processing");
  const bars = [...asking, ...running];
  let room = Math.min(most - (waiting.length > 0 ? 1 : 0), MOST_BARS);
  if (bars.length > room) room = Math.max(0, room - 1);
  const lines = barLines(bars.slice(0, room), layout);
  if (bars.length > room)
    lines.push(layout.style.dim(truncate(` +${bars.length - room} more   /status shows all`, layout.width - 1)));
  if (waiting.length > 0 && lines.length < most) lines.push(waitingLine(waiting, layout));
  return lines.slice(0, most);
}

function hintLine(state: LiveState, layout: Layout): string {
  const usual = "/help   Tab completes   Ctrl+C twice quits";
  const text = state.hint ?? (state.following > 0 ? "following; Ctrl+C leaves, the job goes on" : usual);
  return layout.style.dim(truncate(` ${text}`, layout.width - 1));
}

/** Everything below the scrollback: never more than 12 rows, and always at least 3 fewer than the terminal has. */
export function liveRegion(state: LiveState, layout: Layout): LiveRegion {
  const { style, width } = layout;
  const rows = Math.max(1, Math.min(MOST_ROWS, state.rows - 3));
  const focused = state.card.focused && state.card.shown !== undefined;
  const input: EditorLines = editorLines(state.editor, {
    width,
    most: Math.max(1, Math.min(MOST_INPUT, rows - 1)),
    mark: " > ",
    history: state.history,
  });
  let room = rows - input.lines.length;
  const below: string[] = [];
  if (room > 0) {
    below.push(hintLine(state, layout));
    room--;
  }
  const above: string[] = [];
  const operations = inOrder(state.view);
  if (room >= 2 && (operations.length > 0 || state.card.shown !== undefined)) {
    room--;
    if (state.card.shown !== undefined && room >= 3) {
      const card = cardLines(state.card, Math.min(7, room - (operations.length > 1 ? 1 : 0)), layout);
      above.push(...card);
      room -= card.length;
    }
    const shownJob = state.card.shown?.jobId;
    above.push(
      ...workLines(
        operations.filter((operation) => above.length === 0 || operation.id !== shownJob),
        room,
        layout,
      ),
    );
    if (above.length > 0) above.unshift(style.dim("─".repeat(Math.max(1, Math.min(width - 1, 60)))));
  }
  const typed = input.lines.map((line, index) =>
    index === 0 && state.editor.search === undefined ? style.cyan(line.slice(0, 3)) + line.slice(3) : line,
  );
  return {
    lines: [...above, ...typed, ...below],
    cursor: focused ? undefined : { x: input.x, y: above.length + input.y },
  };
}
