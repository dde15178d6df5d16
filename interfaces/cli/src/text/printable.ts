// Everything that comes from a job, a file or a person passes through here before it reaches a terminal: labels, logs, messages, errors.
// Escape sequences in it could move the cursor, rewrite what was printed, or answer questions on the person's behalf.

/** Whole escape sequences (colours, titles, cursor moves): dropped. What is left of a broken one is shown escaped. */
const SEQUENCES =
  // oxlint-disable-next-line no-control-regex -- this is the list of what must not be printed
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-Z\\`-~]/gu;

/** C0, DEL, C1, bidirectional controls, line and paragraph separators, and characters that are invisible everywhere. */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- this is the list of what must not be printed
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** True for text that a terminal shows as it is. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

/** One line that is safe to print: line breaks and tabs become spaces, sequences vanish, other control characters are shown escaped. */
export function printable(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  if (isPlain(text)) return text;
  return text
    .toWellFormed()
    .replace(SEQUENCES, "")
    .replace(/[\t\r\n\v\f\u2028\u2029]+/g, " ")
    .replace(CONTROLS, visible);
}

/** The same for text of several lines: one safe string per line. A carriage return starts the line again, as progress meters of programs mean it. */
export function printableLines(value: unknown): string[] {
  const text = typeof value === "string" ? value : String(value);
  return text
    .replace(/[\r\n]+$/, "")
    .split(/\r?\n/)
    .map((line) => printable((line.split("\r").findLast((part) => part !== "") ?? "").replaceAll("\t", "    ")));
}

/** For what a person decides about: one string per line, nothing left out, every control character shown escaped. */
export function exactLines(text: string): string[] {
  return text
    .toWellFormed()
    .split("\n")
    .map((line) => line.replaceAll("\t", "    ").replace(CONTROLS, visible));
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\u001B": "\\e" };

/** One argument of a command as bash would read it back, so that nobody can mistake a space, a quote or a line break. */
export function quoted(argument: string): string {
  const text = argument.toWellFormed();
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (text.search(CONTROLS) < 0) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replace(/[\\']/g, String.raw`\$&`).replace(CONTROLS, (one) => ESCAPES[one] ?? visible(one));
  return `$'${escaped}'`;
}
