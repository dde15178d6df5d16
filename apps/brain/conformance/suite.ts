import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A project of its own, outside the workspace: nobody but this command gets these packages. */
const HOME = join(import.meta.dirname, "suite");
const PACKAGE = join(HOME, "node_modules/@modelcontextprotocol/conformance");

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}
/** One scenario of the suite, run once. */
export interface ScenarioRun {
  readonly name: string;
  readonly passed: number;
  readonly failed: readonly Check[];
  readonly warnings: readonly Check[];
}

/** Installs what the lockfile says, unless that was done before. No package runs a script of its own. Gives the suite's version. */
export async function installSuite(): Promise<string> {
  const lock = await readFile(join(HOME, "package-lock.json"));
  const hash = createHash("sha256").update(lock).digest("hex");
  const stamp = join(HOME, "node_modules/.installed");
  if ((await readFile(stamp, "utf8").catch(() => "")) !== hash) {
    const npm = process.env["npm_execpath"];
    const [command, ...args]: [string, ...string[]] =
      npm && basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    const { code, output } = await run(command, [...args, "install", "--no-save", ...options]);
    if (code !== 0) throw new Error(`npm could not install the suite: ${output}`);
    await writeFile(stamp, hash);
  }
  return (JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { version: string }).version;
}

/** Runs all that a revision requires, and what the suite has besides. */
export async function runSuite(url: string, revision: string, results: string): Promise<ScenarioRun[]> {
  const args = [join(PACKAGE, "dist/index.js"), "server", "--url", url, "--requirements", revision, "-o", results];
  const { output } = await run(process.execPath, args);
  const files = globSync("*/checks.json", { cwd: results }).toSorted();
  if (files.length === 0) throw new Error(`the suite ran nothing: ${output}`);
  return Promise.all(
    files.map(async (file) => {
      const checks = JSON.parse(await readFile(join(results, file), "utf8")) as Check[];
      const of = (status: Check["status"]) => checks.filter((check) => check.status === status);
      // `server-<scenario>-<time>`
      const name = dirname(file)
        .replace(/^server-/, "")
        .replace(/-\d{4}-\d\d-\d\dT.*$/, "");
      return { name, passed: of("SUCCESS").length, failed: of("FAILURE"), warnings: of("WARNING") };
    }),
  );
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: HOME, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
