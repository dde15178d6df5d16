import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those that it lies in. The first that was made, or undefined when all were there. Node's own `recursive` never returns
 * where a folder is there in which none can be made, as in `/proc`.
 */
export async function makeFolder(path: string, mode?: number): Promise<string | undefined> {
  const parent = dirname(path);
  const made = await makeOne(path, mode, parent === path);
  if (made !== "no parent") return made ? path : undefined;
  const first = await makeFolder(parent, mode);
  return (await makeOne(path, mode, true)) === true ? (first ?? path) : first;
}

async function makeOne(path: string, mode: number | undefined, last: boolean): Promise<boolean | "no parent"> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !last) return "no parent";
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return false;
    throw error;
  }
}
