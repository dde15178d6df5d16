import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProgramRequest, ProgramSandbox } from "@brains/plugin";
import { z } from "zod";
import { type CodeConfig, SANDBOXES, type Sandbox, secondsSchema } from "./config.ts";
import { CodeError } from "./errors.ts";
import type { RunFolder } from "./run-folder.ts";

const LONGEST_CODE = 200_000;
const MEGABYTE = 1024 * 1024;

export const executeSchema = z.object({
  code: z
    .string()
    .min(1)
    .max(LONGEST_CODE)
    .describe("One module: imports, top-level await; its last expression is the value"),
  language: z
    .enum(["ts", "js"])
    .default("ts")
    .describe("`ts` is JavaScript too; types are removed, not checked; no enum"),
  cwd: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("Working folder, from which imports are looked for. Default: the brain's"),
  timeout: secondsSchema.optional().describe("Seconds that it may run, up to 24 hours"),
  sandbox: z
    .enum(SANDBOXES)
    .optional()
    .describe(
      "quickjs: the bare language, no imports, files, network, timers or input; allowed by default. bwrap: a read-only system. none: trusted code only",
    ),
  write: z.array(z.string().min(1).max(4096)).max(20).optional().describe("With bwrap: folders that it may write to"),
  network: z.boolean().optional().describe("With bwrap: whether it has the network. Default: not"),
});
export type Execution = z.output<typeof executeSchema>;

/** What the code is called in cards, answers and documentation: only what is one is called a sandbox. */
export function trustOf(sandbox: Sandbox): string {
  if (sandbox === "quickjs") return "sandbox quickjs: no access to anything";
  if (sandbox === "bwrap") return "sandbox bwrap: a read-only system";
  return "trusted code only: it may do whatever the brain's user may";
}

/** Nobody was asked about code in quickjs, so it does not take a processor for long unless somebody says so. In seconds. */
const QUICKJS_TIMEOUT = 300;

export function defaultTimeout(sandbox: Sandbox, { timeout }: CodeConfig): number {
  return sandbox === "quickjs" ? Math.min(timeout, QUICKJS_TIMEOUT) : timeout;
}

/** Throws SANDBOX_OPTION. */
export function checkExecution({ write, network, cwd }: Execution, sandbox: Sandbox): void {
  if (sandbox !== "bwrap" && (write !== undefined || network !== undefined))
    throw new CodeError(
      "SANDBOX_OPTION",
      `\`write\` and \`network\` belong to the sandbox bwrap, and this is ${sandbox}.`,
    );
  if (sandbox === "quickjs" && cwd !== undefined)
    throw new CodeError("SANDBOX_OPTION", "In quickjs there are no files, so no `cwd` either.");
}

/** How an execution is run: Node with a runner of this plugin, which runs the code. */
export function requestOf(
  execution: Execution,
  sandbox: Sandbox,
  config: CodeConfig,
  folder: RunFolder,
): ProgramRequest {
  const { code, cwd } = execution;
  const inVm = sandbox === "quickjs";
  return {
    command: process.execPath,
    args: [
      "--disable-warning=ExperimentalWarning",
      // A belt besides the interpreter, which is the sandbox: Node calls this no defence against hostile code.
      ...(inVm ? ["--permission", "--allow-fs-read=*", `--allow-fs-write=${folder.path}/`] : []),
      runner(inVm ? "quickjs-main" : "node-main"),
      `--result=${folder.result}`,
      ...(inVm ? [`--memory=${config.memoryMegabytes * MEGABYTE}`] : []),
      folder.code,
    ],
    cwd,
    description: trustOf(sandbox),
    kind: "code",
    source: code,
    sandbox: sandboxOf(execution, sandbox, folder),
    ...(inVm && { stdin: "" }),
    requesterMaySendInput: true,
  };
}

function sandboxOf(
  { write = [], network }: Execution,
  sandbox: Sandbox,
  folder: RunFolder,
): ProgramSandbox | undefined {
  if (sandbox === "none") return undefined;
  if (sandbox === "quickjs") return { kind: "quickjs" };
  return { kind: "bwrap", write, network, own: folder.path, code: RUNNER_CODE };
}

/** What the runner is made of: this package, and the packages that it imports, where their links lead. */
const RUNNER_CODE: readonly string[] = [import.meta.url, import.meta.resolve("acorn"), import.meta.resolve("zod")].map(
  (url) => packageOf(realpathSync(fileURLToPath(url))),
);

function packageOf(file: string): string {
  const folder = dirname(file);
  return existsSync(join(folder, "package.json")) || folder === file ? folder : packageOf(folder);
}

/** As source or as built. */
function runner(name: string): string {
  return fileURLToPath(new URL(`./runner/${name}${import.meta.url.slice(-3)}`, import.meta.url));
}
