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
  /** It may be left out where there is no room; the highest goes first. Default: never. */
  readonly drop?: number | undefined;
}

const GAP = 2;

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell.text);
}

interface Measured {
  readonly index: number;
  readonly width: number;
  readonly align?: "right" | undefined;
  readonly min?: number | undefined;
  readonly drop?: number | undefined;
}

function excess(columns: readonly Measured[], room: number): number {
  return columns.reduce((sum, column) => sum + column.width, 1 + GAP * (columns.length - 1)) - room;
}

/** Take cells from the widest column that may shrink until all fit; when none can give any more, leave out the column that matters least. */
function fitColumns(measured: readonly Measured[], room: number): readonly Measured[] {
  let columns = [...measured];
  while (excess(columns, room) > 0) {
    const shrinkable = columns.filter((column) => column.min !== undefined && column.width > column.min);
    const widest = shrinkable.sort((a, b) => b.width - a.width)[0];
    if (widest !== undefined) {
      columns = columns.map((column) => (column === widest ? { ...column, width: column.width - 1 } : column));
      continue;
    }
    const least = columns.filter((column) => column.drop !== undefined).sort((a, b) => b.drop! - a.drop!)[0];
    if (least === undefined) return columns;
    // The others get their cells back and shrink anew.
    columns = measured.filter(
      (column) => column.index !== least.index && columns.some(({ index }) => index === column.index),
    );
  }
  return columns;
}

/** A table as lines: aligned by terminal cells, cut to `width`, columns without any content left out. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  layout: { readonly width: number; readonly style: Style },
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const filled = columns
    .map(({ title, align, min, drop }, index): Measured => {
      const widths = cells.map((row) => textWidth(textOf(row[index]!)));
      return { align, min, drop, index, width: Math.max(textWidth(title), ...widths) };
    })
    .filter((column) => cells.some((row) => textOf(row[column.index]!) !== ""));
  const used = fitColumns(filled, layout.width);
  const line = (parts: readonly { readonly text: string; readonly tone?: Tone | undefined }[]): string => {
    let result = " ";
    for (const [index, part] of parts.entries()) {
      const { width, align } = used[index]!;
      const last = index === parts.length - 1;
      const right = align === "right";
      const cut = truncate(part.text, width);
      const space = " ".repeat(Math.max(0, width - textWidth(cut)));
      const painted = part.tone === undefined ? cut : layout.style[part.tone](cut);
      result += right ? space + painted : last ? painted : painted + space;
      if (!last) result += " ".repeat(GAP);
    }
    return result.trimEnd();
  };
  return [
    line(used.map((column) => ({ text: columns[column.index]!.title, tone: "dim" as const }))),
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
