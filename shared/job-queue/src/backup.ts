import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { JobQueueError } from "./errors.ts";
import { type Database, openFile, openStoreFile, storeError } from "./sqlite.ts";
import { integrityOf, pinSnapshot } from "./doctor/sql.ts";
import { wholeNumber } from "./validate.ts";

export interface BackupOptions {
  /** Pages copied at a time, 1 to 1 000 000; between two portions the event loop runs. Default 1 024 (4 MiB). */
  readonly portion?: number | undefined;
}

/** What was made. */
export interface Backup {
  readonly path: string;
  readonly bytes: number;
  readonly milliseconds: number;
}

const PORTION = 1_024;
const MOST_PORTION = 1_000_000;

/**
 * Copies a store while others work on it. The copy is the store as it was at one moment, was checked as a whole, is on the disk, and has mode
 * 0600; it appears under its name only then. Writers are not held up; the WAL keeps what they write meanwhile. In a copy that is opened,
 * jobs that ran come back as they do from a dead worker. Never copy the files of a live store by other means: what is copied may be torn, and
 * closing them drops SQLite's locks. Throws INVALID_OPTION, STORE_UNREADABLE, STORE_FULL.
 */
export async function backupStore(path: string, to: string, options: BackupOptions = {}): Promise<Backup> {
  const portion = options.portion === undefined ? PORTION : wholeNumber("portion", options.portion, 1, MOST_PORTION);
  refuseIfThere(to);
  const began = performance.now();
  // Beside its place, so that the last step is a rename.
  const part = join(dirname(to), `.${basename(to)}.${randomUUID()}.part`);
  try {
    closeSync(openSync(part, "wx", 0o600));
  } catch (cause) {
    throw new JobQueueError("STORE_UNREADABLE", `${to} cannot be written: ${(cause as Error).message}.`, { cause });
  }
  try {
    await copy(path, part, portion);
    assertWhole(part);
    sync(part);
    put(part, to);
    sync(dirname(to));
  } finally {
    for (const ending of ["", "-journal", "-wal", "-shm"]) rmSync(`${part}${ending}`, { force: true });
  }
  return { path: to, bytes: statSync(to).size, milliseconds: Math.round(performance.now() - began) };
}

async function copy(path: string, part: string, portion: number): Promise<void> {
  const source = open(path);
  try {
    // A backup starts anew whenever another connection commits, so it would never end beside busy writers. One that reads within a
    // transaction does not see them.
    pinSnapshot(source);
    await source.backup(part, { progress: () => portion });
  } catch (error) {
    throw storeError(error, path);
  } finally {
    source.close();
  }
}

function open(path: string): Database {
  try {
    return openFile(path, undefined, { fileMustExist: true });
  } catch (cause) {
    const message = `The store ${path} cannot be opened: ${(cause as Error).message}.`;
    throw new JobQueueError("STORE_UNREADABLE", message, { cause });
  }
}

function assertWhole(part: string): void {
  const db = openStoreFile(part, "power");
  try {
    const [problem] = integrityOf(db, 1);
    if (problem !== undefined)
      throw new JobQueueError("STORE_UNREADABLE", `The store is damaged, and so is its copy: ${problem}.`);
  } finally {
    db.close();
  }
}

/** Under its name in one step; a file that came there meanwhile stays. */
function put(part: string, to: string): void {
  try {
    linkSync(part, to);
  } catch {
    // It is there, or the file system has no links.
    refuseIfThere(to);
    renameSync(part, to);
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The log of a store that was there would be taken for the copy's own. */
function refuseIfThere(to: string): void {
  const there = ["", "-wal", "-journal"].map((ending) => `${to}${ending}`).find((file) => existsSync(file));
  if (there !== undefined)
    throw new JobQueueError(
      "INVALID_OPTION",
      `${there} is there already, and nothing is overwritten. Name another file.`,
    );
}
