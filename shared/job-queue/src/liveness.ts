import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { JobQueueError } from "./errors.ts";
import { type Database, isBusy, openFile } from "./sqlite.ts";

/**
 * Locks that the kernel holds for a process: an exclusive SQLite transaction on a tiny file of its own. They are free the moment the
 * process is dead and stay held while it spins, sleeps or is stopped, whatever the clocks say. A process never opens the file of a lock
 * that it holds itself a second time by other means than SQLite (closing such a descriptor would drop the lock).
 */
export interface HeldLock {
  readonly name: string;
  release(): void;
}

// Held connections are referenced from here: a garbage-collected connection would be closed, and its lock lost, while its owner lives.
const held = new Map<string, Database>();

function lockFolder(storePath: string): string {
  return `${storePath}.locks`;
}

/** The lock, or undefined when somebody else holds it. Throws STORE_UNREADABLE when its file cannot be made. */
export function acquireLock(storePath: string, name: string): HeldLock | undefined {
  const path = join(lockFolder(storePath), `${name}.lock`);
  let db: Database;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Not 0: somebody who only looks holds a shared lock for a moment.
    db = openFile(path, 50);
  } catch (cause) {
    throw new JobQueueError(
      "STORE_UNREADABLE",
      `The lock ${path} cannot be made (${(cause as Error).message}). Check the permissions of the folder.`,
      { cause },
    );
  }
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  held.set(path, db);
  return {
    name,
    release() {
      if (held.get(path) !== db) return;
      held.delete(path);
      db.close();
    },
  };
}

/**
 * Whether some process holds the lock now. A lock file that is gone is held by nobody: a store may be a copy made elsewhere, whose workers never
 * come. So nobody but this module may remove files there, and every process must come to the same folder (the store's real path decides).
 */
export function isHeld(storePath: string, name: string): boolean {
  const path = join(lockFolder(storePath), `${name}.lock`);
  if (held.has(path)) return true;
  let db: Database;
  try {
    // One that is removed meanwhile must not be made again; one that cannot be opened for another reason may be held.
    db = openFile(path, 0, { fileMustExist: true });
  } catch (error) {
    if (!existsSync(path)) return false;
    throw error;
  }
  try {
    // Reading needs a shared lock only, so several who look do not take each other for the owner.
    db.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    db.close();
  }
}

/** Names of the locks that some process holds now. */
export function heldLocks(storePath: string): string[] {
  const folder = lockFolder(storePath);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".lock")) : [];
  return files.map((file) => file.slice(0, -".lock".length)).filter((name) => isHeld(storePath, name));
}

/** Removes the file of a lock whose owner is dead and whose name is never used again. */
export function forgetLock(storePath: string, name: string): void {
  for (const ending of ["", "-journal"]) rmSync(join(lockFolder(storePath), `${name}.lock${ending}`), { force: true });
}
