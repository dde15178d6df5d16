import { openSync, readFileSync, writeSync } from "node:fs";

/** A file that several processes append whole lines to; their order in the file is the order of writing. */
export function openLedger(path: string): (...words: readonly (string | number)[]) => void {
  const file = openSync(path, "a");
  return (...words) => void writeSync(file, `${words.join(" ")}\n`);
}

/** Complete lines only: a process that was killed while it wrote leaves none, because one small write is not torn. */
export function readLedger(path: string): string[][] {
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" "));
}
