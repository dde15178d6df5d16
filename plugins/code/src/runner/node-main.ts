// The process of one execution in Node. The code has everything that its user has; nothing here holds it.
import { createRequire, registerHooks } from "node:module";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { lineReader, tellWaiting } from "./input.ts";
import type { Outcome } from "./outcome.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { readTask } from "./result-file.ts";
import { troubleOf } from "./trouble.ts";
import { outcomeOfValue } from "./value.ts";

const task = readTask();
const code = prepare(task.source, task.language);
if ("trouble" in code) {
  task.report({ error: code.trouble });
  process.exitCode = 1;
} else {
  run(code);
}

/** The code is a module of the working folder that only this process has: what it imports is looked for from there. */
function run(code: Prepared): void {
  const path = join(process.cwd(), `code-${basename(dirname(task.file))}.mjs`);
  const { href: url } = pathToFileURL(path);
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === url ? { url, format: "module", shortCircuit: true } : next(specifier, context),
    load: (asked, context, next) =>
      asked === url ? { format: "module", source: code.js, shortCircuit: true } : next(asked, context),
  });
  process.argv = [process.execPath, path];
  const { stderr, stdin } = process;
  const write = stderr.write.bind(stderr);
  tellWaiting(stdin, (waits) => void write(`::brains waiting=${waits ? "input" : "nothing"}\n`));
  Object.assign(globalThis, { readLine: lineReader(stdin), require: createRequire(url) });

  let outcome: Outcome | undefined;
  let drained = false;
  const report = (next: Outcome) => {
    outcome = { ...outcome, ...next };
    task.report(outcome);
  };
  const fail = (error: unknown) => {
    report({ error: troubleOf(error, code, url) });
    process.exit(1);
  };
  process.on("uncaughtException", (error) => {
    // The code may have a listener of its own.
    if (process.listenerCount("uncaughtException") === 1) fail(error);
  });
  process.on("beforeExit", () => (drained = true));
  process.on("exit", () => {
    if (outcome !== undefined) return;
    if (!drained) return report({ note: "The code ended its process before its last expression." });
    process.exitCode = 13;
    report({ error: { name: "Error", message: "The code awaits something that can no longer come." } });
  });
  // Not awaited here: what never settles would be told of as if it were the runner's.
  void import(url).then(
    (exported: Record<string, unknown>) =>
      report(code.exportName === undefined ? { note: code.note } : outcomeOfValue(exported[code.exportName])),
    fail,
  );
}
