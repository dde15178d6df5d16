import { printable, printableLines } from "../text/printable.ts";
import { textWidth } from "../text/width.ts";
import type { Layout } from "./layout.ts";

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

/** A value as one or several lines: text as it is, a list of plain values below each other, anything deeper as JSON. */
function valueLines(value: unknown): string[] {
  if (typeof value === "string") return printableLines(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return ["none"];
    if (value.every(isScalar)) return value.map((item) => printable(item));
    return value.map((item) => printable(JSON.stringify(item)));
  }
  return [printable(isScalar(value) ? value : JSON.stringify(value))];
}

/** A tool's data or a job's result for people: text as it is, an object as names and values. `--json` gives all of it exactly. */
export function dataLines(data: unknown, layout: Layout): string[] {
  if (data === undefined || data === null) return [" ok"];
  if (typeof data !== "object" || Array.isArray(data)) return valueLines(data).map((line) => ` ${line}`);
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  const column = Math.max(0, ...entries.map(([name]) => textWidth(printable(name))));
  return entries.flatMap(([name, value]) => {
    const label = printable(name);
    return valueLines(value).map((line, index) => {
      const shown = index === 0 ? label : "";
      return ` ${layout.style.dim(shown)}${" ".repeat(column - textWidth(shown))}  ${line}`;
    });
  });
}
