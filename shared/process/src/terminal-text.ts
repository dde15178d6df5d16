// Output of a program on its way to a reader. What steers a terminal could also lie to the person in front of it.
// oxlint-disable no-control-regex -- they are what this file is about

/** CSI, the string sequences (OSC, DCS, …) and the other escape sequences. Of a string without an end only the opening goes, so that nothing can hide what follows. */
const SEQUENCES =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])(?:[^\u0007\u001B\u009C\n]*(?:\u0007|\u001B\\|\u009C))?|\u001B[ -/]*[0-~]?/g;

/** C0 except tab and line feed, DEL, C1, line and paragraph separators, and the marks that reorder or hide text. */
const CONTROLS =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/**
 * For models: sequences and control characters are gone. A carriage return becomes a line break, so that a line which was written over is
 * still read.
 */
export function stripTerminal(text: string): string {
  return text.replaceAll(/\r+\n/g, "\n").replaceAll("\r", "\n").replace(SEQUENCES, "").replace(CONTROLS, "");
}

/** For people: every control character is shown, tab and line feed stay. */
export function showTerminal(text: string): string {
  return text.replaceAll("\r\n", "\n").toWellFormed().replace(CONTROLS, visible);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
