import type { Random } from "./ports.ts";

// A public id is the number, a dash, and 128 random bits in 26 letters: looked up by number, proved by the rest.
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

export function newSecret(random: Random): string {
  const bytes = random.bytes(16);
  let bits = 0;
  let held = 0;
  let text = "";
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text + ALPHABET[(held << (5 - bits)) & 31];
}

export function publicId(number: number, secret: string): string {
  return `${number}-${secret}`;
}

/** `142`, `"142"`, `"#142"`, a whole id, or the start of one beyond its dash. Undefined when it cannot be any of these. */
export function parseRef(ref: string | number): { number: number; secret?: string } | undefined {
  if (typeof ref === "number") return Number.isSafeInteger(ref) && ref > 0 ? { number: ref } : undefined;
  if (typeof ref !== "string") return undefined;
  const match = /^#?(\d{1,15})(?:-([0-9a-z]{0,26}))?$/.exec(ref.trim());
  if (!match) return undefined;
  return match[2] === undefined ? { number: Number(match[1]) } : { number: Number(match[1]), secret: match[2] };
}

const LETTERS = { event: "e", log: "l", job: "j", batch: "b" } as const;

/** Cursors are opaque to callers; the letter refuses one that belongs to another list. */
export function encodeCursor(list: keyof typeof LETTERS, position: number): string {
  return LETTERS[list] + position.toString(36);
}

export function decodeCursor(list: keyof typeof LETTERS, cursor: string): number | undefined {
  if (typeof cursor !== "string" || cursor[0] !== LETTERS[list] || !/^.[0-9a-z]{1,11}$/.test(cursor)) return undefined;
  const position = Number.parseInt(cursor.slice(1), 36);
  return Number.isSafeInteger(position) ? position : undefined;
}
