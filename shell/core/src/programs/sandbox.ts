// What holds a program besides its process tree.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { resolveExecutable } from "@brains/process";
import { BrainsError, messageOf } from "../errors.ts";
import { isInside } from "./policy/places.ts";
import { insideFolders } from "./resolve.ts";
import type { ResolvedProgram } from "./resolve.ts";
import { realPathOf, temporaryFolder } from "./settings.ts";
import type { ProgramSettings } from "./settings.ts";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

const BWRAP = "bwrap";
const PROBE_MS = 5000;
/** Where the address of the name server may stand. */
const RESOLVER = "/run/systemd/resolve";

/** The command line that starts the program in its sandbox. Throws PROGRAM_SANDBOX where there is none. */
export function launchOf(settings: ProgramSettings, program: ResolvedProgram): Launch {
  const { file, args, request } = program;
  if (request.sandbox?.kind !== "bwrap") return { file, args };
  const bwrap = findBwrap(settings);
  if (bwrap === undefined) {
    throw new BrainsError(
      "PROGRAM_SANDBOX",
      "There is no bwrap on the brain's path. Install bubblewrap (Linux only), or ask for the program without it.",
    );
  }
  return { file: bwrap, args: [...bwrapArguments(settings, program), "--", file, ...args] };
}

function findBwrap({ path }: ProgramSettings): string | undefined {
  try {
    return resolveExecutable(BWRAP, path).realPath;
  } catch {
    return undefined;
  }
}

/** Why bwrap does not work here, by trying it; undefined where it does. */
export async function problemOfBwrap(settings: ProgramSettings): Promise<string | undefined> {
  const bwrap = findBwrap(settings);
  if (bwrap === undefined) return "bwrap is not installed";
  const args = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--", bwrap, "--version"];
  return promisify(execFile)(bwrap, args, { timeout: PROBE_MS, env: {}, cwd: "/" }).then(
    () => undefined,
    (error: unknown) => `${bwrap} does not work: ${messageOf(error).trim().split("\n").at(-1) ?? ""}`,
  );
}

/**
 * In the order in which bwrap makes it: all of the system to read; no sockets of services and no other temporary files; then what the program works
 * on; and over that, nothing where the brain's home is, but for the files that the request itself names.
 */
function bwrapArguments(settings: ProgramSettings, program: ResolvedProgram): string[] {
  const { file, cwd, request } = program;
  const { write = [], network = false, own, code = [] } = request.sandbox?.kind === "bwrap" ? request.sandbox : {};
  const temporary = temporaryFolder();
  const named = [file, ...(request.files ?? []).map((path) => resolve(cwd, path))].map(realPathOf);
  const home = realPathOf(settings.home);
  const ownFiles = settings.ownFiles.map(realPathOf);
  const masked = [realPathOf(temporary), home];
  const writable = write.map((folder) => writableFolder(settings, cwd, folder));
  if (own !== undefined) writable.push(ownFolder(home, own));
  const read = (path: string) => ["--ro-bind", path, path];
  const bind = (path: string) => ["--bind", path, path];
  return [
    "--die-with-parent",
    "--unshare-all",
    ...(network ? ["--share-net"] : []),
    ...read("/"),
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--tmpfs",
    "/run",
    ...(network ? ["--ro-bind-try", RESOLVER, RESOLVER] : []),
    "--tmpfs",
    temporary,
    ...(isInside(cwd, temporary) ? read(cwd) : []),
    ...code.filter((folder) => isInside(folder, temporary)).flatMap(read),
    ...writable.filter((folder) => !isInside(folder, home)).flatMap(bind),
    // What says which programs may run is not for programs to write, wherever it lies.
    ...ownFiles.flatMap((path) => ["--ro-bind-try", path, path]),
    "--tmpfs",
    home,
    ...writable.filter((folder) => folder !== home && isInside(folder, home)).flatMap(bind),
    ...named.filter((path) => masked.some((folder) => isInside(path, folder))).flatMap(read),
    "--chdir",
    cwd,
  ];
}

/** Whatever the folders are that programs may work in. */
function ownFolder(home: string, folder: string): string {
  const real = realPathOf(folder);
  if (isInside(real, join(home, "data"))) return real;
  throw new BrainsError("PROGRAM_FOLDER", `${real} is no folder of a plugin's own: it does not lie in its dataDir.`);
}

function writableFolder(settings: ProgramSettings, cwd: string, folder: string): string {
  const real = realPathOf(resolve(cwd, folder));
  if (!insideFolders(settings, real)) {
    throw new BrainsError(
      "PROGRAM_FOLDER",
      `The sandbox may not write to ${real}: it lies in none of the configured folders (programs.folders).`,
    );
  }
  if (!existsSync(real)) throw new BrainsError("PROGRAM_FOLDER", `There is no folder ${real}. Make it first.`);
  return real;
}
