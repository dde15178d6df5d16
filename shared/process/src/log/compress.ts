import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { COMPRESSED, listSegments } from "./segments.ts";

/** Compresses the files of a log that nobody writes any more. May be repeated when it was interrupted; readers see one form or the other. */
export async function compressSegments(folder: string): Promise<void> {
  // In order: the last one compressed is how a reader knows that the log has ended.
  for (const { path, compressed } of await listSegments(folder)) {
    if (compressed) continue;
    const part = `${path}${COMPRESSED}.part`;
    await pipeline(createReadStream(path), createGzip({ level: 4 }), createWriteStream(part, { mode: 0o600 }));
    await rename(part, `${path}${COMPRESSED}`);
    await rm(path);
  }
}
