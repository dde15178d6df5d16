/** Declared secrets by name. The name is for people; only values are looked for. */
export type Secrets = Readonly<Record<string, string>>;

export const MASK = "***";

/** Shorter values would mask half of all words. */
export const SHORTEST_SECRET = 6;

/** Masks the declared secrets in text or in a stream, in the forms in which programs usually show them. Best effort: a program can always invent another. */
export class Redactor {
  readonly #byFirst: ReadonlyMap<string | undefined, readonly string[]>;
  readonly #search: RegExp | undefined;
  readonly #longest: number;
  /** Names of secrets that are too short to be looked for. */
  readonly tooShort: readonly string[];

  constructor(secrets: Secrets = {}) {
    this.tooShort = Object.keys(secrets).filter((name) => (secrets[name] ?? "").length < SHORTEST_SECRET);
    // Longest first, so that of two which begin alike the longer is found.
    const patterns = [...new Set(Object.values(secrets).flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
    this.#byFirst = Map.groupBy(patterns, (pattern) => pattern[0]);
    this.#longest = patterns[0]?.length ?? 0;
    const words = patterns.map((pattern) => pattern.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
    this.#search = words.length > 0 ? new RegExp(words.join("|"), "g") : undefined;
  }

  /** Whether there is anything to look for. */
  get active(): boolean {
    return this.#search !== undefined;
  }

  /** The same text with every secret masked. */
  text(text: string): string {
    if (!this.active) return text;
    const bytes = Buffer.from(text, "utf8").toString("latin1");
    const found = this.find(bytes);
    return found.length === 0 ? text : Buffer.from(mask(bytes, found), "latin1").toString("utf8");
  }

  /** Where secrets stand in bytes (one character each); those that overlap are one. */
  find(bytes: string): [from: number, to: number][] {
    const found: [from: number, to: number][] = [];
    if (!this.#search) return found;
    this.#search.lastIndex = 0;
    for (let match = this.#search.exec(bytes); match; match = this.#search.exec(bytes)) {
      const last = found.at(-1);
      const to = match.index + match[0].length;
      if (last && match.index < last[1]) last[1] = Math.max(last[1], to);
      else found.push([match.index, to]);
      // Another one may begin inside this one.
      this.#search.lastIndex = match.index + 1;
    }
    return found;
  }

  /** Where the end of the bytes may be the beginning of a secret; their length if nowhere. */
  openAt(bytes: string): number {
    for (let from = Math.max(0, bytes.length - this.#longest + 1); from < bytes.length; from++) {
      const candidates = this.#byFirst.get(bytes[from]);
      if (!candidates) continue;
      const rest = bytes.slice(from);
      if (candidates.some((pattern) => pattern.length > rest.length && pattern.startsWith(rest))) return from;
    }
    return bytes.length;
  }
}

function mask(bytes: string, found: readonly [from: number, to: number][]): string {
  let result = "";
  let done = 0;
  for (const [from, to] of found) {
    result += bytes.slice(done, from) + MASK;
    done = to;
  }
  return result + bytes.slice(done);
}

/** The bytes, as characters up to 255, in which a secret may show. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line !== secret);
  return [secret, ...lines].flatMap((text) => {
    if (text.length < SHORTEST_SECRET) return [];
    const bytes = Buffer.from(text, "utf8");
    const json = JSON.stringify(text).slice(1, -1);
    const url = encodeURIComponent(text.toWellFormed());
    const forms = [
      text,
      text.replaceAll("\n", "\r\n"),
      json,
      json.replaceAll("/", "\\/"),
      json.replaceAll(/[\u0080-\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
      url,
      url.replaceAll("%20", "+"),
      url.replaceAll(/%../g, (code) => code.toLowerCase()),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      ...base64Forms(bytes),
    ];
    return forms.map((form) => Buffer.from(form, "utf8").toString("latin1"));
  });
}

/** What of the base64 text is the same whatever stands before and after the secret, for its three positions in a group of three bytes. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const total = before + bytes.length;
    const whole = encoded.slice(Math.ceil((before * 8) / 6), Math.floor((total * 8) / 6));
    return whole.length < SHORTEST_SECRET ? [] : [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
