import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { JobQueueError } from "./errors.ts";
import { MIGRATIONS } from "./migrations.ts";

// CommonJS entry points: better-sqlite3 has no other, and drizzle's ESM entry costs some 300 ms to import.
// Loaded with the first store, so that to import the package costs nothing.
const require = createRequire(import.meta.url);
let sqlite: typeof BetterSqlite3 | undefined;

export type Database = BetterSqlite3.Database;

/** Longest synchronous wait for another writer. Longer waits are asynchronous retries, so that the event loop never freezes. */
const BUSY_TIMEOUT_MS = 50;

/** The first SQLite without the WAL-reset bug, which loses acknowledged commits when several processes share a file (sqlite.org/wal.html). */
const OLDEST_SQLITE = [3, 51, 3] as const;

export function openFile(path: string, timeout = BUSY_TIMEOUT_MS, options: BetterSqlite3.Options = {}): Database {
  sqlite ??= require("better-sqlite3") as typeof BetterSqlite3;
  return new sqlite(path, { ...options, timeout });
}

/** Opens (and creates) the store's file with the pragmas the queue relies on. Throws STORE_UNREADABLE, SQLITE_TOO_OLD. */
export function openStoreFile(path: string, durability: "power" | "process"): Database {
  let db: Database;
  try {
    if (path !== ":memory:") createPrivately(path);
    db = openFile(path);
  } catch (cause) {
    throw new JobQueueError("STORE_UNREADABLE", `The store ${path} cannot be opened: ${(cause as Error).message}.`, {
      cause,
    });
  }
  try {
    assertVersion(db.prepare("SELECT sqlite_version()").pluck().get() as string);
    db.pragma("journal_mode = WAL");
    // Explicit, because the connection that creates a WAL file and the later ones get different defaults.
    db.pragma(`synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
    db.pragma("fullfsync = 1");
    db.pragma("mmap_size = 0");
    db.pragma("temp_store = MEMORY");
    db.pragma("cache_size = -65536");
    // 16 MiB: whoever commits pays for the checkpoint with its sync, and at SQLite's 4 MiB that was one short job in a hundred.
    db.pragma("wal_autocheckpoint = 4000");
    db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
    return db;
  } catch (error) {
    db.close();
    throw storeError(error, path);
  }
}

export function assertVersion(version: string): void {
  const parts = version.split(".").map(Number);
  for (const [i, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part > oldest) return;
    if (part < oldest) {
      throw new JobQueueError(
        "SQLITE_TOO_OLD",
        `SQLite ${version} has a known corruption bug in WAL mode; ${OLDEST_SQLITE.join(".")} or newer is needed. Install better-sqlite3 13.2 or newer.`,
      );
    }
  }
}

// The file must never be opened by anything but SQLite once a connection exists in this process: closing any other descriptor of it
// drops the process's POSIX locks. So only a file that is not there yet is created here.
function createPrivately(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Brings the schema up to date. Reads and applies in one write transaction, so that concurrent starts apply each migration once. */
export function migrate(db: Database, migrations: readonly string[] = MIGRATIONS): void {
  // A store that is up to date opens without the write lock, which another process may hold for long.
  if (schemaOf(db) === migrations.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec("CREATE TABLE IF NOT EXISTS bq_meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID");
    const version = schemaOf(db);
    if (version > migrations.length) {
      throw new JobQueueError(
        "STORE_TOO_NEW",
        `The store has schema ${version}; this version knows up to ${migrations.length}. Use the newer version, or another home folder.`,
      );
    }
    for (const sql of migrations.slice(version)) db.exec(sql);
    if (version < migrations.length) {
      db.prepare("INSERT INTO bq_meta VALUES ('schema', ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(
        migrations.length,
      );
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The error of a process that an upgrade has overtaken. */
export function schemaChanged(schema: unknown): JobQueueError {
  return new JobQueueError(
    "SCHEMA_CHANGED",
    `A newer version has upgraded the store to schema ${String(schema)}; this process knows ${MIGRATIONS.length}. Restart it with the newer version.`,
  );
}

/** The error of a process whose store is no longer at its path: what it would write, nobody would ever read. */
export function storeRemoved(path: string): JobQueueError {
  return new JobQueueError(
    "STORE_UNREADABLE",
    `The store ${path} was removed or replaced while this process had it open. Open it again.`,
  );
}

function schemaOf(db: Database): number {
  if (db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bq_meta'").get() === undefined) return 0;
  return (db.prepare("SELECT value FROM bq_meta WHERE key = 'schema'").pluck().get() as number | undefined) ?? 0;
}

export function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"));
}

/** What SQLite said, as one of our codes with the next step. */
export function storeError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof JobQueueError || typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  const said = (error as Error).message;
  if (isBusy(error)) return new JobQueueError("STORE_BUSY", undefined, { cause: error });
  // The -shm file could not grow, for which a full disk is the reason that exists in practice.
  if (code === "SQLITE_FULL" || code === "SQLITE_IOERR_SHMSIZE")
    return new JobQueueError("STORE_FULL", undefined, { cause: error });
  if (code.startsWith("SQLITE_IOERR")) {
    return new JobQueueError(
      "STORE_UNREADABLE",
      `The disk refused a read or write of ${path} (${code}: ${said}). Check its free space and health.`,
      { cause: error },
    );
  }
  if (
    code.startsWith("SQLITE_CANTOPEN") ||
    code.startsWith("SQLITE_READONLY") ||
    code === "SQLITE_PERM" ||
    code === "SQLITE_AUTH"
  ) {
    return new JobQueueError(
      "STORE_UNREADABLE",
      `The store ${path} cannot be written (${said}). Check the permissions of the file and its folder.`,
      { cause: error },
    );
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new JobQueueError(
      "STORE_UNREADABLE",
      `The store ${path} is damaged (${said}). \`doctor\` says what is wrong and salvages what can be read; or put a backup in its place.`,
      { cause: error },
    );
  }
  return error;
}
