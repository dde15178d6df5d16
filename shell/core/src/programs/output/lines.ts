// From the pieces of a log to lines. A cursor names a place in one of a job's logs, if need be inside of a piece.
import { OutputLogReader } from "@brains/process";
import type { LogPiece } from "@brains/process";
import { BrainsError } from "../../errors.ts";
import { attemptFolders } from "./folder.ts";
import type { AttemptFolder } from "./folder.ts";

export interface OutputLine {
  readonly stream: "stdout" | "stderr" | "note";
  readonly at: number;
  readonly run: number;
  readonly attempt: number;
  readonly text: string;
  /** It does not end here: the next text of the same stream goes on with it. */
  readonly open: boolean;
  /** Goes on behind it. */
  readonly cursor: string;
}

export interface OutputPage {
  readonly lines: readonly OutputLine[];
  /** Behind the last line, or where one was looked for in vain. */
  readonly cursor: string;
  /** Bytes that were not kept, before the first line. */
  readonly dropped: number;
  /** Something may follow that is there already. */
  readonly more: boolean;
}

/** Bytes of output that are read for one page. */
const PAGE_BYTES = 64 * 1024;
/** A longer line is given in parts. */
const LONGEST_LINE = 8 * 1024;
const START = "0";

/** The lines behind a cursor, at most `limit`. One page never crosses from one attempt into the next. */
export async function outputLines(
  home: string,
  job: number,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<OutputPage> {
  const from = parse(after ?? START);
  const folders = await attemptFolders(home, job);
  let cursor = after ?? START;
  for (const folder of folders) {
    if (folder.nth < from.nth) continue;
    const here = folder.nth === from.nth ? from : { nth: folder.nth, piece: undefined, skip: 0 };
    const page = await new OutputLogReader(folder.path).page({ after: here.piece, limit: PAGE_BYTES });
    const lines = linesOf(page.pieces, folder, here.skip);
    const kept = lines.slice(0, limit);
    const following = folders.some(({ nth }) => nth > folder.nth);
    if (kept.length > 0) {
      const more = kept.length < lines.length || !page.ended || following;
      if (page.ended) closeLast(kept, lines.length);
      return { lines: kept, cursor: kept.at(-1)?.cursor ?? cursor, dropped: page.dropped, more };
    }
    cursor = `${folder.nth}:${page.next}`;
  }
  return { lines: [], cursor, dropped: 0, more: false };
}

/** The last lines of the last attempt, within a page. */
export async function lastOutputLines(home: string, job: number, count: number): Promise<OutputPage> {
  const folder = (await attemptFolders(home, job)).at(-1);
  if (folder === undefined) return { lines: [], cursor: START, dropped: 0, more: false };
  const reader = new OutputLogReader(folder.path);
  const after = await reader.tail(PAGE_BYTES);
  // A piece larger than the rest of the page would end it too early.
  const pieces: LogPiece[] = [];
  let next = after;
  for (;;) {
    const page = await reader.page({ after: next, limit: PAGE_BYTES });
    next = page.next;
    if (page.pieces.length === 0) break;
    pieces.push(...page.pieces);
    if (page.ended || pieces.reduce((sum, { text }) => sum + text.length, 0) > 2 * PAGE_BYTES) break;
  }
  const lines = linesOf(pieces, folder, 0);
  return { lines: count === 0 ? [] : lines.slice(-count), cursor: `${folder.nth}:${next}`, dropped: 0, more: false };
}

/** What has no line break at the end of a finished log ends there. */
function closeLast(kept: OutputLine[], all: number): void {
  const last = kept.at(-1);
  if (last !== undefined && kept.length === all) kept[kept.length - 1] = { ...last, open: false };
}

function linesOf(pieces: readonly LogPiece[], { nth, run, attempt }: AttemptFolder, skip: number): OutputLine[] {
  const lines: OutputLine[] = [];
  for (const [index, { stream, at, text, cursor, next }] of pieces.entries()) {
    for (let from = index === 0 ? skip : 0; from < text.length;) {
      const end = text.indexOf("\n", from);
      const to = end === -1 ? text.length : end + 1;
      const part = text.slice(from, end === -1 ? to : end);
      const behind = to === text.length ? `${nth}:${next}` : `${nth}:${cursor}+${to}`;
      const last = lines.at(-1);
      if (last?.open === true && last.stream === stream && last.text.length + part.length <= LONGEST_LINE)
        lines[lines.length - 1] = { ...last, text: last.text + part, open: end === -1, cursor: behind };
      else lines.push({ stream, at, run, attempt, text: part, open: end === -1, cursor: behind });
      from = to;
    }
  }
  return lines;
}

interface Place {
  readonly nth: number;
  readonly piece: string | undefined;
  /** Characters of the piece that were read. */
  readonly skip: number;
}

function parse(cursor: string): Place {
  const [, nth, piece, skip] = /^(\d{1,9})(?::([\d.]{3,40})(?:\+(\d{1,9}))?)?$/.exec(cursor) ?? [];
  if (nth === undefined)
    throw new BrainsError("INVALID_INPUT", `"${cursor}" is no cursor of a log. Start without one.`);
  return { nth: Number(nth), piece, skip: Number(skip ?? 0) };
}
