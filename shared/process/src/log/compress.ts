import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { COMPRESSED, listSegments } from "./segments.ts";

/** Compresses the files of a log that nobody writes any more. May be repeated when it was interrupted; readers see one form or the other. */
export async function compressSegments(folder: string): Promise<void> {
  const plain = (await listSegments(folder)).filter(({ compressed }) => !compressed);
  const sizes = await Promise.all(plain.map(async ({ path }) => (await stat(path)).size));
  // One for all: as much garbage as the log is long would take its time to be collected.
  const buffer = Buffer.allocUnsafe(Math.max(0, ...sizes));
  // In order: the last one compressed is how a reader knows that the log has ended.
  for (const { path } of plain) {
    const part = `${path}${COMPRESSED}.part`;
    await writeFile(part, await promisify(gzip)(await readInto(buffer, path), { level: 4 }), { mode: 0o600 });
    await rename(part, `${path}${COMPRESSED}`);
    await rm(path);
  }
}

async function readInto(buffer: Buffer, path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    let done = 0;
    for (let read = -1; read !== 0; done += read) {
      ({ bytesRead: read } = await file.read(buffer, done, buffer.length - done, done));
    }
    return buffer.subarray(0, done);
  } finally {
    await file.close();
  }
}
