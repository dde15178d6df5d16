/** Enough to tell commands apart in a list. */
const LONGEST = 80;

/** One short printable line, for people to read and not for a shell: quoted where a word would be misread, cut where it is long. */
export function commandLine(command: string, args: readonly string[]): string {
  const line = [command, ...args].map(word).join(" ");
  const characters = [...line];
  return characters.length <= LONGEST ? line : `${characters.slice(0, LONGEST - 1).join("")}…`;
}

/** JSON shows control characters as escapes; the invisible ones that it leaves alone are escaped as well. */
function word(text: string): string {
  if (/^[\p{L}\p{N}_@%+=:,./^~-]+$/u.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`,
  );
}
