// Where paths really are. The one place of the policy that looks at the disk.
import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, sep } from "node:path";
import { resolveExecutable } from "@brains/process";

export interface PolicySystem {
  /** The real path of an executable, by a name on the brain's PATH or an absolute path; undefined where there is none. */
  findExecutable(name: string): string | undefined;
  /** The real path of what is there, or of its nearest parent that is, and the rest; undefined where that cannot be told. */
  realPlace(path: string): string | undefined;
}

const MOST_LINKS = 40;

export function systemOf(searchPath: string): PolicySystem {
  return {
    findExecutable(name) {
      try {
        return resolveExecutable(name, searchPath).realPath;
      } catch {
        return undefined;
      }
    },
    realPlace: (path) => realPlace(path),
  };
}

function realPlace(path: string, links = 0): string | undefined {
  if (!isAbsolute(path) || path.includes("\0") || links > MOST_LINKS) return undefined;
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const found = lookUp(at);
    if (found === undefined) return undefined;
    if (found.kind === "real") return join(found.path, ...missing);
    // Whoever writes to a link that leads to nothing makes its target, so that is where it is.
    if (found.kind === "link") return realPlace([placeIn(dirname(at), found.path), ...missing].join("/"), links + 1);
    missing.unshift(basename(at));
    // Behind something that is not there yet, nobody can say where .. will lead.
    if (missing[0] === ".." || at === dirname(at)) return undefined;
  }
}

function lookUp(path: string): { readonly kind: "real" | "link" | "missing"; readonly path: string } | undefined {
  try {
    // The native one: the other takes .. away before it looks at links, so it names another file than the program opens.
    return { kind: "real", path: realpathSync.native(path) };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) return undefined;
  }
  try {
    return { kind: "link", path: readlinkSync(path) };
  } catch {
    return { kind: "missing", path };
  }
}

/** `/a` holds `/a` and `/a/b`, and never `/ab`. Both are real paths. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Joined as text: what .. means is decided on the disk, after links. */
export function placeIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : `${folder}/${path}`;
}
