import { splitGraphemes, textWidth, truncate } from "../text/width.ts";
import { searchMatch, type EditorState } from "./editor.ts";

export interface EditorLines {
  readonly lines: readonly string[];
  /** Cell of the cursor, counted from the first line given. */
  readonly x: number;
  readonly y: number;
}

/**
 * The input as rows of at most `width` cells, the first after the prompt mark, and where the cursor stands.
 * Of more than `most` rows those around the cursor are kept.
 */
export function editorLines(
  state: EditorState,
  options: {
    readonly width: number;
    readonly most: number;
    readonly mark: string;
    readonly history: readonly string[];
  },
): EditorLines {
  const { width, most, mark } = options;
  if (state.search !== undefined) {
    const match = searchMatch(options.history, state.search);
    const lead = `search "${state.search.query}": `;
    const line = truncate(
      lead + (match?.replaceAll("\n", " ") ?? (state.search.query === "" ? "" : "nothing found")),
      width,
    );
    return { lines: [line], x: Math.min(textWidth(lead) - 3, width - 1), y: 0 };
  }
  const indent = textWidth(mark);
  const rows: string[] = [mark];
  let used = indent;
  let cursor = { x: indent, y: 0 };
  let offset = 0;
  const newRow = () => {
    rows.push(" ".repeat(indent));
    used = indent;
  };
  for (const part of splitGraphemes(state.text)) {
    const cells = part === "\n" ? 0 : textWidth(part);
    if (used + cells > width - 1) newRow();
    if (offset === state.cursor) cursor = { x: used, y: rows.length - 1 };
    if (part === "\n") newRow();
    else {
      rows[rows.length - 1] += part;
      used += cells;
    }
    offset += part.length;
  }
  if (offset === state.cursor) cursor = { x: used, y: rows.length - 1 };
  const first = Math.max(0, Math.min(cursor.y - most + 1, rows.length - most));
  return { lines: rows.slice(first, first + most), x: cursor.x, y: cursor.y - first };
}
