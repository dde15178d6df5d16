// The gate behind `npm test`: every step runs, whatever the others say, and the last line counts all of them.
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { countTests, summary, type Counts } from "./check-counts.ts";

const root = join(import.meta.dirname, "..");
const report = join(root, ".cache", "vitest.json");

const GATES: [name: string, command: string, ...args: string[]][] = [
  ["types", "tsc"],
  ["lint", "oxlint"],
  ["format", "oxfmt", "--check"],
  ["dead code", "knip", "--no-progress"],
];

const filters = process.argv.slice(2);
const gates = await Promise.all(GATES.map(runGate));
const tests = await runTests();
const total = summary([...gates, tests]);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runGate([name, command, ...args]: (typeof GATES)[number]): Promise<Counts> {
  const startedAt = performance.now();
  const { code, output } = await run(command, args, "pipe");
  const ok = code === 0;
  announce(name, ok ? "ok" : "FAILED", startedAt);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

async function runTests(): Promise<Counts> {
  const startedAt = performance.now();
  await rm(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await run("vitest", ["run", ...reporters, ...filters], "inherit");
  const counts = countTests(await readFile(report, "utf8").catch(() => undefined), code);
  announce("tests", counts.failed === 0 ? "ok" : "FAILED", startedAt);
  return counts;
}

function run(
  command: string,
  args: string[],
  output: "pipe" | "inherit",
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, "node_modules", ".bin", command), args, {
      cwd: root,
      stdio: ["ignore", output, output],
    });
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output: text }));
  });
}

function announce(name: string, verdict: string, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(10)} ${verdict.padEnd(7)} ${seconds.padStart(6)} s\n`);
}
