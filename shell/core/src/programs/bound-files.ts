// The files that decide what a program does, as an approval binds them.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { BrainsError } from "../errors.ts";
import type { ResolvedProgram } from "./resolve.ts";

export interface BoundFile {
  /** As it was named, made absolute. */
  readonly path: string;
  /** Where symlinks lead. */
  readonly realPath: string;
  readonly bytes: number;
  readonly sha256?: string | undefined;
  /** Instead of the content, where that is too large: inode, size and time of change. */
  readonly stat?: string | undefined;
}

/** Larger files are not read for an approval. The executable always is. */
const LARGEST_BOUND = 32 * 1024 * 1024;

/** `largeFiles`: what is done with one that is too large to be read. */
export async function boundFiles(
  program: ResolvedProgram,
  largeFiles: "refuse" | "by-stat",
): Promise<{ readonly executable: BoundFile; readonly files: readonly BoundFile[] }> {
  const executable = await bind(program.file, "read");
  if (executable === undefined)
    throw new BrainsError("PROGRAM_CHANGED", `${program.file} cannot be read, so no approval can bind it.`);
  const files = new Map<string, BoundFile>();
  for (const path of candidates(program)) {
    const file = files.has(path) ? undefined : await bind(path, largeFiles);
    if (file !== undefined) files.set(path, file);
  }
  const missing = (program.request.files ?? []).find((path) => !files.has(resolve(program.cwd, path)));
  if (missing !== undefined) throw new BrainsError("INVALID_INPUT", `There is no file ${missing} to bind.`);
  return { executable, files: [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** Whatever among the arguments may name a file: the whole, and what follows a `=`, a `@` or the letter of a short option. */
function candidates({ args, cwd, request }: ResolvedProgram): string[] {
  const named = args.flatMap((argument) => {
    const after = argument.indexOf("=");
    return [
      argument,
      ...(after === -1 ? [] : [argument.slice(after + 1)]),
      ...(argument.startsWith("@") ? [argument.slice(1)] : []),
      ...(/^-[A-Za-z]./.test(argument) ? [argument.slice(2)] : []),
      ...(argument.startsWith("file://") ? [decoded(argument.slice(7))] : []),
    ];
  });
  return [...(request.files ?? []), ...named].filter((path) => path !== "").map((path) => resolve(cwd, path));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined for what is no regular file. */
async function bind(path: string, large: "refuse" | "by-stat" | "read"): Promise<BoundFile | undefined> {
  try {
    const realPath = await realpath(path);
    const { size, ino, dev, mtimeMs, ctimeMs, isFile } = await look(realPath);
    if (!isFile) return undefined;
    if (size <= LARGEST_BOUND || large === "read")
      return { path, realPath, bytes: size, sha256: await hashOfFile(realPath) };
    if (large === "by-stat")
      return { path, realPath, bytes: size, stat: `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}` };
    throw new BrainsError(
      "PROGRAM_FILE_TOO_LARGE",
      `${path} has ${size} bytes, and an approval binds the content of files of up to ${LARGEST_BOUND}. The config can allow to bind it by inode, size and time: approvals.largeFiles.`,
    );
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** Not the name of a file that is there, or none that a program of this user could read. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EACCES"]);

async function look(path: string) {
  const found = await stat(path);
  const { size, ino, dev, mtimeMs, ctimeMs } = found;
  return { size, ino, dev, mtimeMs, ctimeMs, isFile: found.isFile() };
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
