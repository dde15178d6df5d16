import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../errors.ts";

/** Makes names in a folder durable. Systems that cannot sync a folder (Windows) keep names durable by themselves. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"].includes(systemCode(error) ?? "")) throw error;
  }
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** All or nothing: after a crash the file has its old content or its new one. Replaces what is there. */
export async function replaceFile(file: string, content: string | Uint8Array, temporary: string): Promise<void> {
  try {
    await writeSynced(temporary, content);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** All or nothing, and only if nobody made the file before: the one atomic "create with this content" of a file system. False if it existed. */
export async function createFile(file: string, content: string, temporary: string): Promise<boolean> {
  await writeSynced(temporary, content);
  try {
    await link(temporary, file);
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(file));
  return true;
}
