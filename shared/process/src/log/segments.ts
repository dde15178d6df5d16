import { type FileHandle, open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

/** One file of a log. Its name says where it begins in the whole log: in bytes of frames, and in bytes of output. */
export interface Segment {
  readonly frameStart: number;
  readonly outputStart: number;
  readonly compressed: boolean;
  readonly path: string;
}

const NAME = /^(\d{1,15})-(\d{1,15})\.log(\.gz)?$/;
/** In one piece, where it fits: the pieces would be copied together. */
const UNPACK_BYTES = 1024 * 1024 + 1;
export const COMPRESSED = ".gz";

export function pathOf(folder: string, frameStart: number, outputStart: number): string {
  return join(folder, `${frameStart}-${outputStart}.log`);
}

/** In the order of the log. Of one that is there in both forms, as after a crash, the plain one counts. */
export async function listSegments(folder: string): Promise<Segment[]> {
  const found = new Map<number, Segment>();
  for (const name of await readdir(folder)) {
    const [, frames, output, suffix] = NAME.exec(name) ?? [];
    if (frames === undefined) continue;
    const frameStart = Number(frames);
    const compressed = suffix !== undefined;
    if (compressed && found.has(frameStart)) continue;
    found.set(frameStart, { frameStart, outputStart: Number(output), compressed, path: join(folder, name) });
  }
  return [...found.values()].toSorted((a, b) => a.frameStart - b.frameStart);
}

/** Up to `length` bytes of a segment from `position`. The last compressed one is kept in memory for the next page. */
export class SegmentReader {
  #unpacked: { readonly path: string; readonly data: Buffer } | undefined;

  async read(segment: Segment, position: number, length: number): Promise<Buffer> {
    if (!segment.compressed) return readPart(segment.path, position, length);
    const { path } = segment;
    if (this.#unpacked?.path !== path) {
      this.#unpacked = { path, data: await promisify(gunzip)(await readFile(path), { chunkSize: UNPACK_BYTES }) };
    }
    return this.#unpacked.data.subarray(position, position + length);
  }
}

async function readPart(path: string, position: number, length: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { size } = await file.stat();
    const data = Buffer.alloc(Math.max(0, Math.min(length, size - position)));
    const { bytesRead } = await file.read(data, 0, data.length, position);
    return data.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}
