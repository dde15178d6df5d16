import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { ProcessError } from "./errors.ts";

export interface Executable {
  /** What to run: absolute. Some programs look at the name they were called by, so this may be a symlink. */
  readonly path: string;
  /** The file behind it: what rules match and digests bind. */
  readonly realPath: string;
}

/**
 * Finds a program by name on a search path, or takes an absolute path as it is. Relative names with a slash and relative or empty entries of
 * the search path are not used: what they mean would depend on where somebody stands.
 */
export function resolveExecutable(name: string, searchPath: string): Executable {
  if (name === "" || name.includes("\0")) throw notFound(name);
  if (name.includes("/")) {
    const found = isAbsolute(name) ? executableAt(name) : undefined;
    if (!found) throw notFound(name);
    return found;
  }
  for (const folder of searchPath.split(":")) {
    const found = isAbsolute(folder) ? executableAt(join(folder, name)) : undefined;
    if (found) return found;
  }
  throw notFound(name);
}

/** The executable file of this path, or undefined. */
export function executableAt(path: string): Executable | undefined {
  try {
    const realPath = realpathSync(path);
    if (!statSync(realPath).isFile()) return undefined;
    accessSync(realPath, constants.X_OK);
    return { path, realPath };
  } catch {
    return undefined;
  }
}

function notFound(name: string): ProcessError {
  const hint = name.includes("/") && !isAbsolute(name) ? " Name it by an absolute path." : "";
  return new ProcessError("PROGRAM_NOT_FOUND", `There is no executable file ${JSON.stringify(name)}.${hint}`);
}
