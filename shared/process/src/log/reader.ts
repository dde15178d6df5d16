import { ProcessError } from "../errors.ts";
import type { OutputStream } from "../output/pump.ts";
import { HEADER_BYTES, LARGEST_FRAME, frameAt, framesIn } from "./frames.ts";
import { type Segment, SegmentReader, listSegments } from "./segments.ts";

export interface LogPiece {
  readonly stream: OutputStream;
  readonly at: number;
  /** As it was written: pieces end where the program paused or a buffer was full, not at lines. Invalid UTF-8 becomes U+FFFD. */
  readonly text: string;
  /** The cursor in front of it. */
  readonly cursor: string;
  /** The cursor behind it. */
  readonly next: string;
}

export interface LogPage {
  readonly pieces: readonly LogPiece[];
  /** Where the next page begins; also when nothing is there yet. */
  readonly next: string;
  /** Bytes of output between the cursor and the first piece that were not kept. */
  readonly dropped: number;
  /** Nothing comes after this page, ever. */
  readonly ended: boolean;
}

export interface PageOptions {
  /** `next` of an earlier page. Default: from the beginning. */
  readonly after?: string | undefined;
  /** Bytes of output in a page, at least one piece of up to 8 KiB. Default: 64 KiB. */
  readonly limit?: number | undefined;
}

interface Position {
  readonly frames: number;
  readonly output: number;
}

const DEFAULT_PAGE = 64 * 1024;
/** Small pieces take more on disk than their text. A page ends early where this is not enough. */
const ROOM_FOR_HEADERS = 2;
/** The writer may drop a file that was just listed. */
const TRIES = 5;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads a log by pages, while it is written or after. Cursors stay good when the log is compressed, and in other processes. */
export class OutputLogReader {
  readonly #folder: string;
  readonly #files = new SegmentReader();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async page({ after, limit = DEFAULT_PAGE }: PageOptions = {}): Promise<LogPage> {
    const from = after === undefined ? { frames: 0, output: 0 } : parseCursor(after);
    return this.#again(() => this.#page(from, limit));
  }

  /** The cursor behind which at most so many bytes of output follow, as it is now. */
  tail(bytes: number): Promise<string> {
    return this.#again(async () => {
      const segments = await listSegments(this.#folder);
      const last = segments.at(-1);
      if (!last) return toCursor({ frames: 0, output: 0 });
      const end = walk(last, await this.#files.read(last, 0, Infinity), Infinity);
      const wanted = end.output - bytes;
      const segment = segments.findLast(({ outputStart }) => outputStart <= wanted);
      if (!segment) return toCursor({ frames: 0, output: 0 });
      return toCursor(walk(segment, await this.#files.read(segment, 0, Infinity), wanted));
    });
  }

  async #page(from: Position, limit: number): Promise<LogPage> {
    const segments = await listSegments(this.#folder);
    const page = new GrowingPage(from, limit);
    for (const [index, segment] of segments.entries()) {
      const following = segments[index + 1];
      if (following && following.frameStart <= page.at.frames) continue;
      if (segment.frameStart > page.at.frames) {
        // What was dropped is told before the pieces that follow it.
        if (!page.empty) return page.result(false);
        page.skipTo(segment);
      }
      const wanted = page.room * ROOM_FOR_HEADERS + LARGEST_FRAME;
      const data = await this.#files.read(segment, page.at.frames - segment.frameStart, wanted);
      if (page.take(data) || data.length === wanted) return page.result(false);
    }
    return page.result(segments.at(-1)?.compressed ?? false);
  }

  async #again<T>(read: () => Promise<T>): Promise<T> {
    for (let left = TRIES; ; left--) {
      try {
        return await read();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || left === 0) throw error;
      }
    }
  }
}

class GrowingPage {
  at: Position;
  readonly #limit: number;
  readonly #pieces: LogPiece[] = [];
  #taken = 0;
  #dropped = 0;

  constructor(from: Position, limit: number) {
    this.at = from;
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#pieces.length === 0;
  }

  get room(): number {
    return Math.max(0, this.#limit - this.#taken);
  }

  skipTo({ frameStart, outputStart }: Segment): void {
    this.#dropped += Math.max(0, outputStart - this.at.output);
    this.at = { frames: frameStart, output: outputStart };
  }

  /** Takes the frames that fit; true when one did not. */
  take(data: Buffer): boolean {
    for (let read = 0; ;) {
      const frame = frameAt(data, read);
      if (frame === "broken") throw new ProcessError("INVALID_CURSOR");
      if (!frame) return false;
      const { length } = frame.bytes;
      if (!this.empty && length > this.room) return true;
      const cursor = toCursor(this.at);
      this.at = { frames: this.at.frames + HEADER_BYTES + length, output: this.at.output + length };
      const { stream, at, bytes } = frame;
      this.#pieces.push({ stream, at, text: decoder.decode(bytes), cursor, next: toCursor(this.at) });
      this.#taken += length;
      read += HEADER_BYTES + length;
    }
  }

  result(ended: boolean): LogPage {
    return { pieces: this.#pieces, next: toCursor(this.at), dropped: this.#dropped, ended };
  }
}

function walk({ frameStart, outputStart }: Segment, data: Buffer, until: number): Position {
  let at: Position = { frames: frameStart, output: outputStart };
  for (const { bytes } of framesIn(data)) {
    if (at.output >= until) break;
    at = { frames: at.frames + HEADER_BYTES + bytes.length, output: at.output + bytes.length };
  }
  return at;
}

const toCursor = ({ frames, output }: Position): string => `${frames}.${output}`;

function parseCursor(cursor: string): Position {
  const [, frames, output] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  if (frames === undefined) throw new ProcessError("INVALID_CURSOR");
  return { frames: Number(frames), output: Number(output) };
}
