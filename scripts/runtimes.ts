// The queue's behavioural tests on every runtime that it is made for: `npm run runtimes`, or `npm run runtimes -- bun node22`.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { countTests, type Counts } from "./check-counts.ts";
import { runChild } from "./child.mjs";
import { nodePackage } from "./setup-plan.mjs";

interface Runtime {
  readonly name: string;
  /** The npm package that carries it, and its binary there. */
  readonly from: string;
  readonly binary: string;
  readonly flags: readonly string[];
}

const node = nodePackage(process);
const RUNTIMES: readonly Runtime[] = [
  { name: "node22", from: `${node}@22.23.3`, binary: join("node_modules", node, "bin/node"), flags: [] },
  { name: "node24", from: `${node}@24.21.0`, binary: join("node_modules", node, "bin/node"), flags: [] },
  // With this flag a program that asks for Node in its first line gets Bun, and so does every process that a test starts.
  { name: "bun", from: "bun@1.4.4", binary: "node_modules/.bin/bun", flags: ["--bun"] },
];

const root = join(import.meta.dirname, "..");
const cache = join(root, ".cache", "runtimes");
const run = promisify(execFile);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => RUNTIMES.every((runtime) => runtime.name !== name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no ${unknown.join(", ")}. There are: ${RUNTIMES.map(({ name }) => name).join(", ")}\n`,
  );
  process.exitCode = 2;
} else {
  let failed = false;
  for (const runtime of RUNTIMES.filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
    failed = (await tryOn(runtime)) || failed;
  process.exitCode = failed ? 1 : 0;
}

/** True if something failed there. A runtime that cannot be had here is said to be absent, and fails nothing. */
async function tryOn(runtime: Runtime): Promise<boolean> {
  let binary: string;
  try {
    binary = await fetched(runtime);
  } catch (error) {
    process.stdout.write(`${runtime.name}: absent (${(error as Error).message.split("\n", 1)[0]})\n`);
    return false;
  }
  const startedAt = performance.now();
  const { counts, output } = await test(binary, runtime);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const version = runtime.from.slice(runtime.from.lastIndexOf("@") + 1);
  if (counts.failed > 0) process.stdout.write(`${output.trimEnd()}\n`);
  process.stdout.write(
    `${runtime.name} ${version}: ${counts.passed} passed, ${counts.failed} failed in ${seconds} s\n`,
  );
  return counts.failed > 0;
}

/** The binary, from the npm registry where it is not here yet. */
async function fetched({ name, from, binary }: Runtime): Promise<string> {
  const folder = join(cache, from.replaceAll("/", "+"));
  const path = join(folder, binary);
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), JSON.stringify({ name, private: true }));
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", from], { cwd: folder });
  }
  await run(path, ["--version"]);
  return path;
}

async function test(binary: string, { name, flags }: Runtime): Promise<{ counts: Counts; output: string }> {
  const report = join(cache, `${name}.json`);
  await rm(report, { force: true });
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = [
    ...flags,
    vitest,
    "run",
    "shared/job-queue/test",
    "--typecheck.enabled=false",
    "--no-color",
    ...reporters,
  ];
  let output = "";
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const { code, received } = await runChild(
    binary,
    args,
    { cwd: root, stdio: [...stdio] },
    (chunk) => (output += chunk),
  );
  if (received) process.exit(128 + constants.signals[received]);
  return { counts: countTests(await readFile(report, "utf8").catch(() => undefined), code), output };
}
