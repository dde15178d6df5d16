import { readFileSync, writeFileSync } from "node:fs";
import { extname } from "node:path";
import { parseArgs } from "node:util";
import type { Outcome } from "./outcome.ts";
import type { Language } from "./prepare.ts";
import { troubleText } from "./trouble.ts";

export interface Task {
  readonly file: string;
  readonly source: string;
  readonly language: Language;
  /** Bytes that a sandbox may use. */
  readonly memory: number;
  /** Stores how it went; with an error, that is also told on stderr. */
  report(outcome: Outcome): void;
}

/** What the arguments of a runner name: `--result=FILE [--memory=BYTES] CODE`. The code sees nothing of them. */
export function readTask(): Task {
  const { values, positionals } = parseArgs({
    options: { result: { type: "string" }, memory: { type: "string" } },
    allowPositionals: true,
  });
  const [file] = positionals;
  const { result } = values;
  if (file === undefined || result === undefined) throw new Error("usage: --result=FILE [--memory=BYTES] CODE");
  // Kept from before the code runs, which may replace either.
  const stderr = process.stderr.write.bind(process.stderr);
  return {
    file,
    source: readFileSync(file, "utf8"),
    language: extname(file) === ".js" ? "js" : "ts",
    memory: Number(values.memory ?? 0),
    report(outcome) {
      if (outcome.error !== undefined) stderr(`${troubleText(outcome.error)}\n`);
      writeFileSync(result, JSON.stringify(outcome), { mode: 0o600 });
    },
  };
}
