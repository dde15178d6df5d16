import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Projects of their own, outside the workspace: nobody but the benchmark gets these packages. */
const FOLDERS = {
  sqlite: join(import.meta.dirname, "peers/sqlite"),
  servers: join(import.meta.dirname, "peers/servers"),
};
export type PeerFolder = keyof typeof FOLDERS;

/** The workspace's own, for the peer that is given its driver. */
const fromQueue = createRequire(join(import.meta.dirname, "../shared/job-queue/package.json"));
export const loadDriver = (): unknown => fromQueue("better-sqlite3");

/** What a peer exports. The caller says of which type: the peer's own types are not there unless the benchmark was run. */
export function loadPeer(folder: PeerFolder, name: string): unknown {
  return createRequire(join(FOLDERS[folder], "package.json"))(name);
}

export function peerFile(folder: PeerFolder, path: string): string {
  return join(FOLDERS[folder], "node_modules", path);
}

export async function versionOf(folder: PeerFolder, name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(peerFile(folder, `${name}/package.json`), "utf8")) as { version: string };
  return manifest.version;
}

export async function driverVersion(): Promise<string> {
  const path = fromQueue.resolve("better-sqlite3/package.json");
  return (JSON.parse(await readFile(path, "utf8")) as { version: string }).version;
}

/** Installs what the lockfile says, unless that was done before. No package runs a script of its own. */
export async function installPeers(folder: PeerFolder): Promise<void> {
  const home = FOLDERS[folder];
  const lock = await readFile(join(home, "package-lock.json"));
  const hash = createHash("sha256").update(lock).digest("hex");
  const stamp = join(home, "node_modules/.installed");
  if ((await readFile(stamp, "utf8").catch(() => "")) === hash) return;
  const npm = process.env["npm_execpath"];
  const [command, ...args]: [string, ...string[]] =
    npm && basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  // Not `npm ci`: it refuses a lockfile without the optional packages of other systems, which not every registry has.
  await run(command, [...args, "install", "--no-save", ...options], { cwd: home });
  await writeFile(stamp, hash);
}
