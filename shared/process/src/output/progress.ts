/** What a program says about how far it is. */
export interface StatedProgress {
  readonly current: number;
  readonly total?: number;
  readonly unit?: string;
  readonly message?: string;
}

/** A longer statement is not one. Also what is kept of an unfinished line. */
const LONGEST = 1024;

/** `::brains progress=40 total=100 unit=files msg=any words` on a line of its own, or the sequence OSC 9;4 that terminals show as a bar. */
const STATEMENT =
  // oxlint-disable-next-line no-control-regex -- the sequence has them
  /(?<=^|\n)::brains ([^\n]{1,1000})\n|\u001B\]9;4;([0-4])(?:;(\d{1,3}))?(?:\u0007|\u001B\\)/g;
/** What every statement begins with. */
const MARKS = ["::brains ", "\u001B]9;4;"] as const;
const NEWLINE = 0x0a;
const WAITING = /^waiting=(input|nothing)$/;
const FIELDS = /^progress=(\d+(?:\.\d+)?)(?: total=(\d+(?:\.\d+)?))?(?: unit=(\S+))?(?: msg=(.*))?$/;

/** Finds statements of progress and of waiting in a program's output, piece by piece. What the output looks like otherwise means nothing. */
export class ProgressReader {
  #rest = "";
  #lineStart = true;
  /** What the last statement of that kind said: `::brains waiting=input` before the program reads what may not be there yet, `waiting=nothing` after. */
  waiting = false;

  /** The last statement that this piece completed. */
  push(piece: Buffer): StatedProgress | undefined {
    if (piece.length <= 2 * LONGEST || MARKS.some((mark) => piece.includes(mark))) return this.#scan(piece);
    // Most output states nothing: only where it meets its neighbours can a statement be, and a text of all of it would cost as much memory again.
    const stated = this.#scan(piece.subarray(0, LONGEST));
    const end = piece.length - LONGEST;
    this.#rest = "";
    this.#lineStart = piece[end - 1] === NEWLINE;
    return this.#scan(piece.subarray(end)) ?? stated;
  }

  #scan(piece: Buffer): StatedProgress | undefined {
    // A first character that is no line's beginning stands for the part of the line that is gone.
    const text = (this.#lineStart ? "" : "\0") + this.#rest + piece.toString("latin1");
    let stated: StatedProgress | undefined;
    let end = 0;
    if (MARKS.some((mark) => text.includes(mark))) {
      for (const match of text.matchAll(STATEMENT)) {
        const waits = WAITING.exec(match[1]?.trimEnd() ?? "");
        if (waits) this.waiting = waits[1] === "input";
        else stated = parse(match) ?? stated;
        end = match.index + match[0].length;
      }
    }
    const from = Math.max(end, text.lastIndexOf("\n") + 1, text.length - LONGEST, this.#lineStart ? 0 : 1);
    this.#lineStart = from === 0 || text[from - 1] === "\n";
    this.#rest = text.slice(from);
    return stated;
  }

  end(): StatedProgress | undefined {
    return this.push(Buffer.from("\n"));
  }
}

function parse([, line, state, percent]: RegExpExecArray): StatedProgress | undefined {
  if (line === undefined) {
    // 0 takes the bar away, 3 is a bar without a number.
    if (percent === undefined || state === "0" || state === "3") return undefined;
    return { current: Math.min(100, Number(percent)), total: 100, unit: "%" };
  }
  const fields = FIELDS.exec(Buffer.from(line, "latin1").toString("utf8").trimEnd());
  if (!fields) return undefined;
  const [, current, total, unit, message] = fields;
  return {
    current: Number(current),
    ...(total !== undefined && { total: Number(total) }),
    ...(unit !== undefined && { unit }),
    ...(message !== undefined && { message }),
  };
}
