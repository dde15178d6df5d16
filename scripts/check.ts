// The gate behind `npm test`: every step runs, whatever the others say, and the last line counts all of them.
import { readFile, rm } from "node:fs/promises";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { countTests, summary, type Counts } from "./check-counts.ts";
import { runChild } from "./child.mjs";

const GATES: [name: string, command: string, ...args: string[]][] = [
  ["types", "tsc"],
  ["lint", "oxlint"],
  ["format", "oxfmt", "--check"],
  ["dead code", "knip", "--no-progress", "--no-config-hints"],
  ["packages", "pnpm", "run", "--silent", "packages"],
];

const root = join(import.meta.dirname, "..");
const report = join(root, ".cache", "vitest.json");
const env = { ...process.env, PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) };

const gates = await Promise.all(GATES.map(runGate));
const tests = await runTests(process.argv.slice(2));
const total = summary([...gates, tests]);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runGate([name, command, ...args]: (typeof GATES)[number]): Promise<Counts> {
  const startedAt = performance.now();
  let output = "";
  const code = await run(command, args, "pipe", (chunk) => (output += chunk));
  announce(name, code === 0, startedAt);
  if (code !== 0) process.stdout.write(`${output.trimEnd()}\n`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(filters: string[]): Promise<Counts> {
  const startedAt = performance.now();
  await rm(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const plain = process.stdout.isTTY ? [] : ["--no-color"];
  const code = await run("vitest", ["run", ...plain, ...reporters, ...filters], "inherit");
  const counts = countTests(await readFile(report, "utf8").catch(() => undefined), code);
  announce("tests", counts.failed === 0, startedAt);
  return counts;
}

async function run(command: string, args: string[], output: "pipe" | "inherit", onOutput?: (chunk: string) => void) {
  const ending = await runChild(command, args, { cwd: root, env, stdio: ["ignore", output, output] }, onOutput);
  if (ending.received) process.exit(128 + constants.signals[ending.received]);
  return ending.code;
}

function announce(name: string, ok: boolean, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(10)} ${ok ? "ok    " : "FAILED"} ${seconds.padStart(6)} s\n`);
}
