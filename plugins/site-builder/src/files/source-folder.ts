import { constants } from "node:fs";
import { lstat, open, readdir, readlink, realpath, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { SiteError, systemCode } from "../errors.ts";
import { compareNames, resolveInside } from "./path-rules.ts";

const MARKDOWN = /\.(?:md|markdown)$/i;

/** The content folder: the only place that a site is made from. Paths are relative to it, with `/`. Nothing in it may point out of it. */
export interface SourceFolder {
  readonly root: string;
  /** The path as people know it, e.g. `docs/guides/install.md`. */
  display(path: string): string;
  /** All Markdown files in these folders (default: all) in reading order of their names. Hidden entries, node_modules and symbolic links are left out. */
  markdownFiles(options?: {
    signal?: AbortSignal | undefined;
    under?: readonly string[] | undefined;
  }): Promise<string[]>;
  /** Whole content of a plain file. Refuses anything that is, or lies behind, a symbolic link. */
  read(path: string, maxBytes: number): Promise<Buffer>;
  /** The kind of the entry, following no link. */
  kind(path: string): Promise<"file" | "folder" | "none">;
}

export async function openSourceFolder(brainDir: string, folder: string): Promise<SourceFolder> {
  const named = resolve(brainDir, folder);
  let root: string;
  try {
    root = await realpath(named);
    if (!(await stat(root)).isDirectory()) throw new SiteError("CONTENT_MISSING", `${folder} is not a folder.`);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    throw new SiteError("CONTENT_MISSING", `The content folder ${folder} does not exist. Make it, or set \`content\`.`);
  }
  const shown = relative(brainDir, named).split(sep).join("/");
  const prefix = shown === "" || shown.startsWith("..") ? basename(root) : shown;
  const display = (path: string) => (path === "" ? prefix : `${prefix}/${path}`);

  async function lstatEach(path: string) {
    let at = root;
    let info = await lstat(at);
    for (const part of path.split("/")) {
      at = join(at, part);
      info = await lstat(at);
      if (info.isSymbolicLink()) {
        throw new SiteError(
          "CONTENT_UNREADABLE",
          `${display(path)}: is or lies behind a symbolic link, which is not followed.`,
        );
      }
    }
    return info;
  }

  async function kind(path: string): Promise<"file" | "folder" | "none"> {
    const safe = resolveInside("", path);
    if (safe === undefined) return "none";
    if (safe === "") return "folder";
    try {
      const info = await lstatEach(safe);
      return info.isFile() ? "file" : info.isDirectory() ? "folder" : "none";
    } catch {
      return "none";
    }
  }

  return {
    root,
    display,
    async markdownFiles({ signal, under = [""] } = {}) {
      const found: string[] = [];
      const walk = async (folderPath: string): Promise<void> => {
        signal?.throwIfAborted();
        const entries = await readdir(join(root, folderPath), { withFileTypes: true }).catch((error: unknown) => {
          throw readError(error, display(folderPath));
        });
        for (const entry of entries) {
          if (isLeftOut(entry.name)) continue;
          const path = folderPath === "" ? entry.name : `${folderPath}/${entry.name}`;
          if (entry.isDirectory()) await walk(path);
          else if (entry.isFile() && MARKDOWN.test(entry.name)) found.push(path);
        }
      };
      for (const start of outermost(under)) {
        if (start !== "" && (start.split("/").some(isLeftOut) || (await kind(start)) !== "folder")) continue;
        await walk(start);
      }
      return found.sort(compareNames);
    },
    async read(path, maxBytes) {
      const safe = resolveInside("", path);
      if (safe === undefined || safe === "")
        throw new SiteError("CONTENT_UNREADABLE", `${path}: lies outside the content folder.`);
      try {
        if (!(await lstatEach(safe)).isFile())
          throw new SiteError("CONTENT_UNREADABLE", `${display(safe)}: is not a plain file.`);
        return await readPlainFile(root, safe, maxBytes, display(safe));
      } catch (error) {
        throw readError(error, display(safe));
      }
    },
    kind,
  };
}

function isLeftOut(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** Without those that lie in another of them. */
function outermost(folders: readonly string[]): string[] {
  const all = new Set(folders);
  return [...all].filter(
    (folder) => ![...all].some((other) => other !== folder && (other === "" || folder.startsWith(`${other}/`))),
  );
}

/**
 * Opened without following a link or blocking on a pipe; then it is asked where the opened file really is, so that a folder which was
 * swapped for a link between the check and the open is noticed.
 */
async function readPlainFile(root: string, path: string, maxBytes: number, display: string): Promise<Buffer> {
  const file = join(root, path);
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(file, flags);
  try {
    const opened = await handle.stat({ bigint: true });
    if (!opened.isFile()) throw new SiteError("CONTENT_UNREADABLE", `${display}: is not a plain file.`);
    if (opened.size > BigInt(maxBytes)) {
      throw new SiteError("CONTENT_TOO_LARGE", `${display}: has ${opened.size} bytes; the limit is ${maxBytes}.`);
    }
    const content = await handle.readFile();
    if (!(await placeOf(handle, file)).startsWith(root + sep)) {
      throw new SiteError("CONTENT_UNREADABLE", `${display}: was replaced while it was read. Try again.`);
    }
    return content;
  } finally {
    await handle.close();
  }
}

/**
 * The real path of an open file. The kernel tells where it has /proc, and no swap of names can deceive it; elsewhere the name is resolved
 * again and must still be the same file, which leaves a moment between the two looks.
 */
async function placeOf(handle: FileHandle, file: string): Promise<string> {
  const told = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (told !== undefined) return told;
  const place = await realpath(file);
  const [opened, now] = await Promise.all([handle.stat({ bigint: true }), stat(place, { bigint: true })]);
  return now.ino === opened.ino && now.dev === opened.dev ? place : "";
}

function readError(error: unknown, display: string): unknown {
  const code = systemCode(error);
  if (error instanceof SiteError) return error;
  if (code === "ENOENT" || code === "ENOTDIR") return new SiteError("CONTENT_MISSING", `${display}: does not exist.`);
  if (code === "ELOOP")
    return new SiteError("CONTENT_UNREADABLE", `${display}: is a symbolic link, which is not followed.`);
  if (code === "EACCES" || code === "EPERM")
    return new SiteError("CONTENT_UNREADABLE", `${display}: no permission to read it.`);
  if (code === "EISDIR") return new SiteError("CONTENT_UNREADABLE", `${display}: is a folder, not a file.`);
  if (code === "ENAMETOOLONG") return new SiteError("CONTENT_MISSING", `${display}: the name is too long.`);
  return error;
}
