let segmenter: Intl.Segmenter | undefined;

/** Made when it is first needed: it costs more than everything else that a short command does here. */
function graphemes(): Intl.Segmenter {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter;
}

/** East Asian wide and fullwidth blocks, as pairs of first and last code point. */
const WIDE = [
  0x1100, 0x115f, 0x2329, 0x232a, 0x2e80, 0x303e, 0x3041, 0x3247, 0x3250, 0x4dbf, 0x4e00, 0xa4c6, 0xa960, 0xa97c,
  0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19, 0xfe30, 0xfe6b, 0xff01, 0xff60, 0xffe0, 0xffe6, 0x16fe0, 0x18aff,
  0x1aff0, 0x1b2fb, 0x1f200, 0x1f202, 0x1f210, 0x1f23b, 0x1f240, 0x1f248, 0x1f250, 0x1f251, 0x20000, 0x3fffd,
];

function isWide(code: number): boolean {
  for (let index = 0; index < WIDE.length; index += 2) {
    if (code < WIDE[index]!) return false;
    if (code <= WIDE[index + 1]!) return true;
  }
  return false;
}

let patterns: { readonly invisible: RegExp; readonly emoji: RegExp } | undefined;

/** Built when they are first needed: these classes are large. */
function classes(): { readonly invisible: RegExp; readonly emoji: RegExp } {
  patterns ??= {
    invisible: new RegExp("^[\\p{Default_Ignorable_Code_Point}\\p{Control}\\p{Mark}\\p{Surrogate}]+$", "v"),
    emoji: new RegExp("^(?:\\p{RGI_Emoji}|\\p{Emoji_Presentation}|\\p{Emoji}\\uFE0F)", "v"),
  };
  return patterns;
}

/** Cells of one grapheme: 0, 1 or 2. */
function cells(grapheme: string): number {
  const code = grapheme.codePointAt(0)!;
  if (grapheme.length === 1 && isNarrow(code)) return 1;
  if (classes().invisible.test(grapheme)) return 0;
  return isWide(code) || classes().emoji.test(grapheme) ? 2 : 1;
}

/** ASCII, Latin letters, dashes and quotes, frames and bars: one cell each, whatever stands beside them. */
function isNarrow(code: number): boolean {
  if (code < 0x300) return (code >= 0x20 && code < 0x7f) || (code > 0xa0 && code !== 0xad);
  return (code >= 0x2010 && code <= 0x2027) || (code >= 0x2500 && code <= 0x25fc && code !== 0x25aa && code !== 0x25ab);
}

function isSimple(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isNarrow(text.charCodeAt(index))) return false;
  return true;
}

/** What a person counts as one character. */
export function splitGraphemes(text: string): string[] {
  return isSimple(text) ? [...text] : Array.from(graphemes().segment(text), (part) => part.segment);
}

/** Terminal cells that printable text takes. */
export function textWidth(text: string): number {
  if (isSimple(text)) return text.length;
  let width = 0;
  for (const part of graphemes().segment(text)) width += cells(part.segment);
  return width;
}

/** At most `width` cells; what was cut is shown by a final "…". */
export function truncate(text: string, width: number): string {
  if (width <= 0) return "";
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const part of splitGraphemes(text)) {
    const next = used + cells(part);
    if (next > width - 1) break;
    kept += part;
    used = next;
  }
  return `${kept}…`;
}

/** Exactly `width` cells: cut or filled with spaces. */
export function fit(text: string, width: number): string {
  const cut = truncate(text, width);
  return cut + " ".repeat(Math.max(0, width - textWidth(cut)));
}

/** Break at spaces (inside words where one does not fit) into lines of at most `width` cells. */
export function wrap(text: string, width: number): string[] {
  const limit = Math.max(1, width);
  const lines: string[] = [];
  let line = "";
  const push = () => {
    lines.push(line);
    line = "";
  };
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (textWidth(joined) <= limit) {
      line = joined;
      continue;
    }
    if (line !== "") push();
    for (const part of splitGraphemes(word)) {
      if (line !== "" && textWidth(line) + cells(part) > limit) push();
      line += part;
    }
  }
  push();
  return lines;
}
