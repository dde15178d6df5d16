import { type FileHandle, mkdir, open, readFile, rm, truncate } from "node:fs/promises";
import { ProcessError } from "../errors.ts";
import type { OutputStream } from "../output/pump.ts";
import { compressSegments } from "./compress.ts";
import { type Frame, HEADER_BYTES, LARGEST_FRAME, framesIn, framesOf, headerOf } from "./frames.ts";
import { listSegments, pathOf } from "./segments.ts";

export interface OutputLogOptions {
  /** Bytes that the files take at most, before they are compressed. A quarter is the beginning, the rest the end. Default: 64 MiB. */
  readonly keepBytes?: number | undefined;
}

export const DEFAULT_KEEP_BYTES = 64 * 1024 * 1024;
/** Small, because a page of a compressed one is unpacked whole. */
const SEGMENTS = 64;
const HEAD_SEGMENTS = 16;
const SMALLEST_KEEP = SEGMENTS * 2 * LARGEST_FRAME;
/** The disk, the quota of the user, or the limit of a file's size. */
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/** So much may wait to be written before the writer is asked to wait. */
const WAITING_BYTES = 1024 * 1024;

/** The ordered output of one program, in a folder of its own. One process writes; any may read it meanwhile, see `OutputLogReader`. */
export class OutputLog {
  readonly #folder: string;
  readonly #segmentBytes: number;
  /** Of the segments that are kept. */
  readonly #starts: Start[];
  #file: FileHandle;
  /** In the current segment. */
  #used: number;
  #frames: number;
  #output: number;
  /** What was appended last is not there: the disk was full. */
  #gap = false;
  #waiting: Frame[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  private constructor(folder: string, keepBytes: number, starts: Start[], file: FileHandle, ends: Ends) {
    this.#folder = folder;
    this.#segmentBytes = Math.floor(keepBytes / SEGMENTS);
    this.#starts = starts;
    this.#file = file;
    ({ used: this.#used, frames: this.#frames, output: this.#output } = ends);
  }

  /** Opens the folder, or makes it. A log that was not finished, as after a crash, is continued behind its last whole piece. */
  static async open(folder: string, { keepBytes = DEFAULT_KEEP_BYTES }: OutputLogOptions = {}): Promise<OutputLog> {
    if (!(keepBytes >= SMALLEST_KEEP)) {
      throw new ProcessError("INVALID_LOG", `keepBytes is ${keepBytes}; it is at least ${SMALLEST_KEEP}.`);
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const segments = await listSegments(folder);
    const last = segments.at(-1);
    if (last?.compressed) throw new ProcessError("INVALID_LOG", "The log was finished; nothing can be added to it.");
    const starts = segments.map(({ frameStart, outputStart }) => ({ frames: frameStart, output: outputStart }));
    const ends = last ? await mend(last) : { used: 0, frames: 0, output: 0 };
    if (!last) starts.push({ frames: 0, output: 0 });
    const file = await open(last?.path ?? pathOf(folder, 0, 0), "a", 0o600);
    return new OutputLog(folder, keepBytes, starts, file, ends);
  }

  /** Bytes of output so far, with those that were not kept. */
  get bytes(): number {
    return this.#output + this.#waitingBytes;
  }

  /** Takes a piece at once. When much waits to be written, it returns a promise: call again when it is done. */
  append(stream: OutputStream, bytes: Buffer, at = Date.now()): Promise<void> | undefined {
    if (this.#failure) throw this.#failure.error;
    this.#waiting.push(...framesOf(stream, at, bytes));
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#write();
    return this.#waitingBytes > WAITING_BYTES ? this.flush() : undefined;
  }

  /** Resolves when all that was appended can be read. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#failure) throw this.#failure.error;
  }

  /** Writes what waits and closes; the log can be opened again. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  /** The same, and compresses the files. After that nothing can be added. */
  async finish(): Promise<void> {
    await this.close();
    await compressSegments(this.#folder);
  }

  async #write(): Promise<void> {
    // Not in the call that appended: what comes in the same turn is written together.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const frames = this.#waiting;
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#store(frames);
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#writing = undefined;
    }
  }

  async #store(frames: readonly Frame[]): Promise<void> {
    for (let next = 0; next < frames.length;) {
      const parts: Buffer[] = [];
      const used = this.#gap ? 0 : this.#used;
      let size = 0;
      let output = 0;
      for (; next < frames.length; next++) {
        const frame = frames[next];
        if (!frame) break;
        const length = HEADER_BYTES + frame.bytes.length;
        if (used + size + length > this.#segmentBytes) break;
        parts.push(headerOf(frame), frame.bytes);
        size += length;
        output += frame.bytes.length;
      }
      const written = await this.#unlessFull(async () => {
        if (this.#gap) await this.#nextSegment();
        if (size > 0) await writeAll(this.#file, parts, size);
        this.#used += size;
      });
      this.#frames += size;
      this.#output += output;
      // What follows what is not there begins a segment: its name says where it belongs.
      this.#gap = !written;
      if (next < frames.length && written) this.#gap = !(await this.#unlessFull(() => this.#nextSegment()));
    }
  }

  /**
   * Runs a write. On a full disk this output is lost, so that the program goes on, and room is given back to whoever needs it more: the end
   * of a job has to be stored. False then.
   */
  async #unlessFull(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (!FULL.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      await this.#file.truncate(this.#used).catch(() => undefined);
      const kept = Math.max(1, Math.floor((this.#starts.length - 1) / 2));
      for (const { frames, output } of this.#starts.splice(kept, this.#starts.length - 1 - kept))
        await rm(pathOf(this.#folder, frames, output), { force: true });
      return false;
    }
  }

  async #nextSegment(): Promise<void> {
    const file = await open(pathOf(this.#folder, this.#frames, this.#output), "a", 0o600);
    await this.#file.close();
    this.#file = file;
    this.#used = 0;
    this.#starts.push({ frames: this.#frames, output: this.#output });
    while (this.#starts.length > SEGMENTS) {
      const [dropped] = this.#starts.splice(HEAD_SEGMENTS, 1);
      if (dropped) await rm(pathOf(this.#folder, dropped.frames, dropped.output), { force: true });
    }
  }
}

interface Start {
  readonly frames: number;
  readonly output: number;
}

interface Ends {
  readonly used: number;
  readonly frames: number;
  readonly output: number;
}

/** Cuts off a frame that was being written when its writer died. */
async function mend(last: {
  readonly path: string;
  readonly frameStart: number;
  readonly outputStart: number;
}): Promise<Ends> {
  let used = 0;
  let output = 0;
  for (const { bytes } of framesIn(await readFile(last.path))) {
    used += HEADER_BYTES + bytes.length;
    output += bytes.length;
  }
  await truncate(last.path, used);
  return { used, frames: last.frameStart + used, output: last.outputStart + output };
}

/** A write may take less than it was given, as when the disk is almost full; the next one then says why. */
async function writeAll(file: FileHandle, parts: Buffer[], size: number): Promise<void> {
  let { bytesWritten: done } = await file.writev(parts);
  if (done === size) return;
  const rest = Buffer.concat(parts, size);
  while (done < size) done += (await file.write(rest, done, size - done)).bytesWritten;
}
