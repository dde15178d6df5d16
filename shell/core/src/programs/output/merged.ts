// One log of two sources, by time, with one cursor: the place in the store's lines, and after a `~` that in the files.
import type { LogLine } from "@brains/job-queue/handler";
import { attemptFolders } from "./folder.ts";
import { outputLines } from "./lines.ts";
import type { OutputLine } from "./lines.ts";

export interface MergedPage {
  readonly lines: readonly (LogLine & { readonly open?: boolean | undefined })[];
  readonly cursor: string;
  /** The job has ended and nothing follows. */
  readonly ended: boolean;
  readonly dropped: number;
  /** More can be read now. */
  readonly more: boolean;
}

export interface MergedSources {
  /** The store's lines. */
  readonly logs: (options: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
    readonly tail?: number | undefined;
  }) => Promise<{ readonly lines: readonly LogLine[]; readonly cursor: string; readonly ended: boolean }>;
  readonly home: string;
  readonly job: number;
  /** Text of a page, at least one line. */
  readonly bytes: number;
}

export async function mergedPage(
  { logs, home, job, bytes }: MergedSources,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<MergedPage> {
  const [storeAfter, fileAfter] = after === undefined ? [] : after.split("~");
  // The store first: its `ended` is then true only if no program writes any more while the files are read.
  const stored = await logs({ after: storeAfter === "" ? undefined : storeAfter, limit });
  const output = await readOutput(home, job, fileAfter, limit);
  const merged = new Merging(bytes, limit);
  let fromStore = 0;
  let fromFiles = 0;
  for (;;) {
    const line = stored.lines[fromStore];
    const other = output.lines[fromFiles];
    // Of two at the same time the store's comes first: it was said before the program ran.
    const next = line !== undefined && (other === undefined || line.at <= other.at) ? line : other;
    if (next === undefined || !merged.take(next)) break;
    if (next === line) fromStore++;
    else fromFiles++;
  }
  const all = fromStore === stored.lines.length && fromFiles === output.lines.length;
  const storeCursor =
    fromStore === stored.lines.length ? stored.cursor : (stored.lines[fromStore - 1]?.cursor ?? storeAfter ?? "");
  const fileCursor =
    fromFiles === output.lines.length ? output.cursor : (output.lines[fromFiles - 1]?.cursor ?? fileAfter);
  const more = !all || output.more || (stored.lines.length === limit && !stored.ended);
  return {
    lines: merged.lines,
    cursor: fileCursor === undefined ? storeCursor : `${storeCursor}~${fileCursor}`,
    ended: stored.ended && all && !output.more,
    dropped: output.dropped,
    more: more && merged.lines.length > 0,
  };
}

/** Pages of the files until the limit, or until nothing more is there. */
async function readOutput(home: string, job: number, after: string | undefined, limit: number) {
  if (after === undefined && (await attemptFolders(home, job)).length === 0)
    return { lines: [], cursor: undefined, dropped: 0, more: false };
  const lines: (OutputLine & { readonly cursor: string })[] = [];
  let cursor = after;
  for (let dropped = 0; ;) {
    const page = await outputLines(home, job, { after: cursor, limit: limit - lines.length });
    if (page.dropped > 0) {
      // A page that begins behind a gap begins with a word about it, and is not read beyond what was asked for.
      if (lines.length > 0) return { lines, cursor, dropped, more: true };
      dropped = page.dropped;
      const first = page.lines[0];
      if (first)
        lines.push({
          ...first,
          stream: "note",
          text: `[${dropped} bytes of output were not kept]`,
          open: false,
          cursor: cursor ?? "0",
        });
    }
    lines.push(...page.lines);
    cursor = page.cursor;
    if (!page.more || page.lines.length === 0) return { lines, cursor, dropped, more: false };
    if (lines.length >= limit) return { lines, cursor, dropped, more: true };
    if (lines.reduce((sum, { text }) => sum + text.length, 0) > 64 * 1024)
      return { lines, cursor, dropped, more: true };
  }
}

class Merging {
  readonly lines: MergedPage["lines"][number][] = [];
  readonly #bytes: number;
  readonly #limit: number;
  #taken = 0;

  constructor(bytes: number, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  take(line: LogLine | OutputLine): boolean {
    this.#taken += Buffer.byteLength(line.text) + 1;
    if (this.lines.length > 0 && (this.#taken > this.#bytes || this.lines.length >= this.#limit)) return false;
    this.lines.push(line);
    return true;
  }
}
