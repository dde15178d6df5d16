import { endOfCharacters } from "../output/characters.ts";
import type { OutputStream } from "../output/pump.ts";

/** A frame on disk: magic, stream, length and time, then the bytes. Frames do not cross from one segment into the next. */
export interface Frame {
  readonly stream: OutputStream;
  readonly at: number;
  readonly bytes: Buffer;
}

export const HEADER_BYTES = 16;
/** Of the bytes in a frame: a reader always gets whole frames, so this is the smallest page. */
const FRAME_BYTES = 8192;
export const LARGEST_FRAME = HEADER_BYTES + FRAME_BYTES;

const MAGIC = 0xb7a1;
const STREAMS: readonly OutputStream[] = ["stdout", "stderr", "note"];

/** Cuts bytes into frames, between characters where there are any. */
export function framesOf(stream: OutputStream, at: number, bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let from = 0; from < bytes.length;) {
    const limit = Math.min(bytes.length, from + FRAME_BYTES);
    const to = limit === bytes.length ? limit : endOfCharacters(bytes, limit);
    frames.push({ stream, at, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return frames;
}

export function headerOf({ stream, at, bytes }: Frame): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt16LE(MAGIC, 0);
  header.writeUInt16LE(STREAMS.indexOf(stream), 2);
  header.writeUInt32LE(bytes.length, 4);
  header.writeDoubleLE(at, 8);
  return header;
}

/** The frame that begins here: undefined when it is not all there, "broken" when there is none. */
export function frameAt(data: Buffer, offset: number): Frame | "broken" | undefined {
  if (data.length - offset < HEADER_BYTES) return undefined;
  const stream = STREAMS[data.readUInt16LE(offset + 2)];
  const length = data.readUInt32LE(offset + 4);
  if (data.readUInt16LE(offset) !== MAGIC || !stream || length === 0 || length > FRAME_BYTES) return "broken";
  const from = offset + HEADER_BYTES;
  if (data.length < from + length) return undefined;
  return { stream, at: data.readDoubleLE(offset + 8), bytes: data.subarray(from, from + length) };
}

/** The whole frames from the start, and where they end. */
export function* framesIn(data: Buffer): Generator<Frame> {
  for (let offset = 0; ;) {
    const frame = frameAt(data, offset);
    if (frame === undefined || frame === "broken") return;
    yield frame;
    offset += HEADER_BYTES + frame.bytes.length;
  }
}
