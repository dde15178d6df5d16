import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Above this size a log is set aside as `.1` before the next worker starts. Bytes. */
const ROTATE_AT = 5 * 1024 * 1024;
/** How much of its end is looked at. Bytes. */
const TAIL = 16_384;

/** Opens the log as a worker's stdout and stderr, so that even a crash of Node itself is in it. Readable by its owner alone. */
export function openWorkerOutput(file: string): { readonly fd: number; readonly end: number } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_AT) renameSync(file, `${file}.1`);
  const fd = openSync(file, "a", 0o600);
  // The mode above counts only for a new file.
  chmodSync(file, 0o600);
  return { fd, end: fstatSync(fd).size };
}

/** The last lines written after `start`, at most `count`; of log records the message alone. */
export function logTail(file: string, start: number, count = 5): string[] {
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(TAIL);
    const length = readSync(fd, buffer, 0, TAIL, Math.max(start, fstatSync(fd).size - TAIL));
    const lines = buffer.toString("utf8", 0, length).split("\n").map(messageOfLine);
    return lines.filter((line) => line !== "").slice(-count);
  } finally {
    closeSync(fd);
  }
}

function messageOfLine(line: string): string {
  if (!line.startsWith("{")) return line.trimEnd();
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === "string" ? msg : line;
  } catch {
    return line;
  }
}
