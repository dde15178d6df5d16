const AROUND = 2;
const WIDEST = 120;

/** Some lines of the code with a mark under the column. Of a long line, the part around the mark. */
export function codeFrame(source: string, line: number, column: number | undefined): string {
  const lines = source.split(/\r\n|[\n\r\u2028\u2029]/);
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  const width = String(last).length;
  const from = Math.max(0, (column ?? 1) - WIDEST / 2);
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const gutter = `${number === line ? ">" : " "} ${String(number).padStart(width)} | `;
    // Tabs are one column here, as they are in positions.
    const text = (lines[number - 1] ?? "").replaceAll("\t", " ").slice(from, from + WIDEST);
    shown.push((gutter + text).trimEnd());
    if (number === line && column !== undefined) {
      shown.push(`${" ".repeat(gutter.length - 2)}| ${" ".repeat(Math.max(0, column - 1 - from))}^`);
    }
  }
  return shown.join("\n");
}
