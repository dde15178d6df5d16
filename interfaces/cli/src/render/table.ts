import { printable } from "../text/printable.ts";
import type { Style, Tone } from "../text/style.ts";
import { fit, textWidth, truncate } from "../text/width.ts";

export type Cell = string | { readonly text: string; readonly tone?: Tone | undefined };

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: "right" | undefined;
  /** It may be cut down to this many cells when the table is too wide. Default: never cut. */
  readonly min?: number | undefined;
}

const GAP = 2;

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell.text);
}

/** Take cells from the widest column that may shrink until everything fits, or nothing can give any more. */
function shrink(widths: number[], columns: readonly { readonly min?: number | undefined }[], room: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const min = column.min;
      if (min === undefined || widths[index]! <= min) continue;
      if (widest < 0 || widths[index]! > widths[widest]!) widest = index;
    }
    if (widest < 0) return;
    widths[widest]!--;
    excess--;
  }
}

/** A table as lines: aligned by terminal cells, cut to `width`, columns without any content left out. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  layout: { readonly width: number; readonly style: Style },
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const used = columns
    .map((column, index) => ({ ...column, index }))
    .filter((column) => cells.some((row) => textOf(row[column.index]!) !== ""));
  const widths = used.map((column) =>
    Math.max(textWidth(column.title), ...cells.map((row) => textWidth(textOf(row[column.index]!)))),
  );
  shrink(widths, used, layout.width - 1 - GAP * (used.length - 1));
  const line = (parts: readonly { readonly text: string; readonly tone?: Tone | undefined }[]): string => {
    let result = " ";
    for (const [index, part] of parts.entries()) {
      const width = widths[index]!;
      const last = index === parts.length - 1;
      const right = used[index]!.align === "right";
      const cut = truncate(part.text, width);
      const space = " ".repeat(Math.max(0, width - textWidth(cut)));
      const painted = part.tone === undefined ? cut : layout.style[part.tone](cut);
      result += right ? space + painted : last ? painted : painted + space;
      if (!last) result += " ".repeat(GAP);
    }
    return result.trimEnd();
  };
  return [
    line(used.map((column) => ({ text: column.title, tone: "dim" as const }))),
    ...cells.map((row) =>
      line(
        used.map((column) => {
          const cell = row[column.index]!;
          return { text: textOf(cell), tone: typeof cell === "string" ? undefined : cell.tone };
        }),
      ),
    ),
  ];
}

/** `name   value` pairs with the names in one column; pairs without a value are left out. */
export function pairs(
  entries: readonly (readonly [name: string, value: string | undefined])[],
  layout: { readonly width: number; readonly style: Style },
): string[] {
  const present = entries.filter((entry): entry is readonly [string, string] => (entry[1] ?? "") !== "");
  const column = Math.max(0, ...present.map(([name]) => textWidth(name)));
  return present.map(
    ([name, value]) =>
      ` ${layout.style.dim(fit(name, column))}  ${truncate(printable(value), Math.max(10, layout.width - column - 3))}`,
  );
}
