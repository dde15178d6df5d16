// Brings what the checkout needs to run: pnpm, a Node that strips types, the locked packages. All of it lands in .cache and node_modules.
// @ts-check
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { runChild } from "./child.mjs";
import { explainFailure, PNPM_VERSION, planTools, setupKey, toolPaths } from "./setup-plan.mjs";
import { withLock } from "./setup-lock.mjs";
import { SetupProgress } from "./setup-progress.mjs";

/** @typedef {{ node: string, path: string[] }} Ready the Node to run with, and the folders to put first on PATH */

export class SetupError extends Error {}

export class SetupInterrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(signal);
    this.signal = signal;
  }
}

const RETRIES = ["--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=4000"];
const OUTPUT_KEPT = 64 * 1024;

/**
 * @param {string} root the checkout
 * @returns {Promise<Ready>}
 */
export async function setUp(root) {
  const setup = new Setup(root);
  if (await setup.isCurrent()) return setup.ready();
  const progress = new SetupProgress(process.stderr);
  try {
    await attempt("preparing .cache", () => mkdir(join(root, ".cache"), { recursive: true }));
    await withLock(
      join(root, ".cache", "setup.lock"),
      ({ pid }) => progress.phase(`waiting for another set-up (process ${pid})`),
      async () => {
        if (!(await setup.isCurrent())) await setup.install(progress);
      },
    );
    progress.done();
    return setup.ready();
  } catch (error) {
    progress.end();
    throw error instanceof SetupError || error instanceof SetupInterrupted ? error : failure("set-up", error);
  }
}

class Setup {
  /** @param {string} root */
  constructor(root) {
    this.root = root;
    /** @type {import("./setup-plan.mjs").Machine} */
    this.machine = { platform: process.platform, arch: process.arch, nodeVersion: process.versions.node };
    this.tools = planTools(this.machine);
    this.toolsRoot = join(root, ".cache", "tools");
    this.stamp = join(root, ".cache", "setup.json");
    this.log = join(root, ".cache", "setup.log");
    this.toolsFolder = join(this.toolsRoot, this.tools.folder);
    this.pnpm = join(this.toolsFolder, "node_modules", "pnpm", "bin", "pnpm.cjs");
    this.node = this.tools.binary ? join(this.toolsFolder, this.tools.binary) : process.execPath;
  }

  /** @returns {Ready} */
  ready() {
    return { node: this.node, path: toolPaths(this.tools, this.toolsRoot, process.execPath) };
  }

  async isCurrent() {
    try {
      const stamp = JSON.parse(await readFile(this.stamp, "utf8"));
      return (
        stamp.key === (await this.key()) &&
        stamp.installed === (await this.installed()) &&
        existsSync(this.pnpm) &&
        existsSync(this.node)
      );
    } catch {
      return false;
    }
  }

  async key() {
    const inputs = ["pnpm-lock.yaml", "pnpm-workspace.yaml"].map((file) => readFile(join(this.root, file), "utf8"));
    return setupKey(this.machine, this.tools, await Promise.all(inputs));
  }

  /** What pnpm last put into node_modules: another branch's install by hand must not pass for ours. */
  async installed() {
    const lock = await readFile(join(this.root, "node_modules", ".pnpm", "lock.yaml"));
    return createHash("sha256").update(lock).digest("hex");
  }

  /** @param {SetupProgress} progress */
  async install(progress) {
    await rm(this.log, { force: true });
    if (!existsSync(this.pnpm) || !existsSync(this.node)) await this.fetchTools(progress);
    progress.phase("installing packages");
    const args = [
      "install",
      "--frozen-lockfile",
      "--prefer-offline",
      "--reporter=append-only",
      "--loglevel=info",
      "--config.confirmModulesPurge=false",
    ];
    const key = await this.key();
    await this.run("installing packages", this.node, [this.pnpm, ...args, ...RETRIES], (chunk) => {
      const counts = [...chunk.matchAll(/resolved (\d+), reused \d+, downloaded \d+, added (\d+)/g)].at(-1);
      if (counts) progress.detail(`${counts[2]} of ${counts[1]}`);
    });
    await writeFile(this.stamp, JSON.stringify({ key, installed: await this.installed() }));
  }

  /** @param {SetupProgress} progress */
  async fetchTools(progress) {
    const node = this.tools.binary && ` and Node ${this.tools.nodeVersion} (this is ${this.machine.nodeVersion})`;
    progress.phase(`fetching pnpm ${PNPM_VERSION}${node ?? ""}`);
    const unfinished = `${this.toolsFolder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    const quiet = [
      "--no-save",
      "--no-package-lock",
      "--no-audit",
      "--no-fund",
      "--no-update-notifier",
      "--loglevel=warn",
    ];
    const args = ["install", "--prefix", unfinished, "--global=false", "--ignore-scripts", ...quiet, ...RETRIES];
    const [npm, ...npmArgs] = npmCommand();
    const output = await this.run("fetching tools", npm, [...npmArgs, ...args, ...this.tools.packages]);
    await rm(this.toolsFolder, { recursive: true, force: true });
    await rename(unfinished, this.toolsFolder);
    await this.tryTools(output);
  }

  /**
   * npm reports success even when files could not be written; what it said on the way tells why.
   * @param {string} output
   */
  async tryTools(output) {
    const { code } = await runChild(this.node, [this.pnpm, "--version"], { stdio: "ignore" }).catch(() => ({
      code: -1,
    }));
    if (code === 0) return;
    await rm(this.toolsFolder, { recursive: true, force: true });
    throw failure("trying the fetched tools", `${output}\nfetched Node does not start`);
  }

  /**
   * @param {string} doing
   * @param {string} command
   * @param {string[]} args
   * @param {(chunk: string) => void} [onOutput]
   */
  async run(doing, command, args, onOutput) {
    let output = "";
    const env = { ...process.env, PATH: [...this.ready().path, process.env["PATH"]].join(delimiter) };
    const ending = await attempt(doing, () =>
      runChild(command, args, { cwd: this.root, env, stdio: ["ignore", "pipe", "pipe"] }, (chunk) => {
        output = (output + chunk).slice(-OUTPUT_KEPT);
        onOutput?.(chunk);
      }),
    );
    await writeFile(this.log, output, { flag: "a" }).catch(() => {});
    if (ending.received) throw new SetupInterrupted(ending.received);
    if (ending.code !== 0) throw failure(doing, output);
    return output;
  }
}

/** The npm that started us, else the one on PATH. */
function npmCommand() {
  const npm = process.env["npm_execpath"];
  return /** @type {[string, ...string[]]} */ (
    npm && basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"]
  );
}

/**
 * @template T
 * @param {string} doing
 * @param {() => Promise<T>} work
 */
async function attempt(doing, work) {
  try {
    return await work();
  } catch (error) {
    throw failure(doing, error);
  }
}

/**
 * @param {string} doing
 * @param {unknown} cause
 */
function failure(doing, cause) {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new SetupError(explainFailure(doing, text).line, { cause });
}
