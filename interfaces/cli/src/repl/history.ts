import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Entries kept across sessions; the file is rewritten when it has grown to twice that. */
const KEPT = 1000;

export interface History {
  /** Oldest first. */
  readonly entries: readonly string[];
  add(line: string): void;
  /** Resolves when everything added is in the file. */
  flush(): Promise<void>;
}

function parse(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === "string" ? [entry] : [];
    } catch {
      return [];
    }
  });
}

/** What was typed in a brain's home, one JSON string per line. A history that cannot be read or written is only forgotten. */
export async function openHistory(home: string): Promise<History> {
  const path = join(home, "history");
  const stored = await readFile(path, "utf8").then(parse, () => []);
  const entries = stored.slice(-KEPT);
  let writing = Promise.resolve();
  if (stored.length > KEPT * 2) {
    const next = `${path}.${process.pid}.new`;
    writing = writeFile(next, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 })
      .then(() => rename(next, path))
      .catch(() => {});
  }
  return {
    entries,
    add(line) {
      if (line.trim() === "" || line === entries.at(-1)) return;
      entries.push(line);
      if (entries.length > KEPT) entries.shift();
      writing = writing
        .then(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
        .then(() => appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o600 }))
        .catch(() => {});
    },
    flush: () => writing,
  };
}
