import { crc32 } from "node:zlib";

/**
 * Payloads and results from this length on (UTF-16 units) are stored with a checksum, by which `doctor` finds bits that flipped on the disk: SQLite's
 * own check looks at its structure only. Shorter ones go without, because a checksum would cost each of them some 5 % of an enqueue.
 */
const CHECKED_FROM = 1_024;

export function checksumOf(json: string | null): number | null {
  return json === null || json.length < CHECKED_FROM ? null : crc32(json);
}
