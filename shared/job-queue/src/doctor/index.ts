import { existsSync, realpathSync } from "node:fs";
import { MIGRATIONS } from "../migrations.ts";
import { type Database, assertVersion, isBusy, openFile } from "../sqlite.ts";
import { systemPorts } from "../system-ports.ts";
import { placeFindings } from "./place.ts";
import { brokenTies, damagedPayloads, foreignKeyProblems, integrityOf, schemaNumber, versionOf } from "./sql.ts";
import { workFindings } from "./work.ts";

export { type Salvaged, salvage } from "./salvage.ts";

/** One thing that was looked at. What is not `ok` says what to do next. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warn" | "error";
  readonly message: string;
  readonly next?: string | undefined;
}

export interface Diagnosis {
  readonly path: string;
  /** Nothing is an error. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

export interface DiagnoseOptions {
  /** Whether a job type has a handler somewhere; undefined for "not known". Default: not looked up. */
  readonly hasHandler?: ((type: string) => boolean | undefined) | undefined;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: number | undefined;
}

const OLDEST_NODE = [22, 18] as const;
const LISTED = 20;
const DAMAGED_NEXT =
  "Stop what works on it, then salvage what can be read into a new store, or put a backup in its place.";

/**
 * Looks at a store and changes nothing: the structure of the file and its indexes, how its parts fit, payloads by their checksums, stuck work,
 * versions, rights, file system, space and clock. It reads all of the file, so a large store takes some seconds; others work on meanwhile.
 * Never throws for what is wrong with the store.
 */
export function diagnose(path: string, options: DiagnoseOptions = {}): Diagnosis {
  const findings: Finding[] = [nodeFinding()];
  if (!existsSync(path)) {
    findings.push({
      check: "file",
      level: "warn",
      message: `there is no ${path} yet`,
      next: "The first job makes it. Correct the path, if there should be one.",
    });
  } else {
    const real = realpathSync(path);
    findings.push(...guarded("place", () => placeFindings(real)), ...storeFindings(real, options));
  }
  return { path, healthy: findings.every(({ level }) => level !== "error"), findings };
}

function storeFindings(path: string, options: DiagnoseOptions): Finding[] {
  let db: Database | undefined;
  try {
    db = openReading(path);
    return readFindings(db, path, options);
  } catch (error) {
    return [unreadable(error)];
  } finally {
    db?.close();
  }
}

/** With the right to write where there is one: a store whose process died has a log that must be read in first. */
function openReading(path: string): Database {
  const open = (readonly: boolean): Database => {
    const db = openFile(path, 2_000, { fileMustExist: true, readonly });
    try {
      db.pragma("query_only = 1");
      db.pragma("schema_version");
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open(false);
  } catch (error) {
    if (!/^SQLITE_(CANTOPEN|READONLY|PERM)/.test(codeOf(error))) throw error;
    return open(true);
  }
}

function readFindings(db: Database, path: string, options: DiagnoseOptions): Finding[] {
  const { now = systemPorts.clock.now(), hasHandler } = options;
  const schema = schemaNumber(db);
  const findings = [sqliteFinding(db), schemaFinding(schema), ...guarded("integrity", () => [integrityFinding(db)])];
  // Another schema's tables are another version's to judge.
  if (schema === undefined || schema > MIGRATIONS.length) return findings;
  return [
    ...findings,
    ...guarded("consistency", () => [tiesFinding(db)]),
    ...guarded("payloads", () => [payloadFinding(db)]),
    // Older ones lack tables, and are upgraded by whoever works on them.
    ...(schema < MIGRATIONS.length ? [] : guarded("work", () => workFindings(db, path, { now, hasHandler }))),
  ];
}

/** A page that cannot be read spoils one look and not the others. */
function guarded(check: string, look: () => Finding[]): Finding[] {
  try {
    return look();
  } catch (error) {
    return [{ ...unreadable(error), check }];
  }
}

function unreadable(error: unknown): Finding {
  const code = codeOf(error);
  const said = (error as Error).message;
  if (isBusy(error))
    return {
      check: "file",
      level: "error",
      message: `another process holds it (${said})`,
      next: "End that process, or try again.",
    };
  if (/^SQLITE_(NOTADB|CORRUPT|IOERR_SHORT_READ)/.test(code))
    return { check: "file", level: "error", message: `it is damaged (${said})`, next: DAMAGED_NEXT };
  if (code.startsWith("SQLITE_CANTOPEN"))
    return {
      check: "file",
      level: "error",
      message: `it cannot be opened (${said})`,
      next: "Give this user the right to write the file and its folder: SQLite needs it even to read.",
    };
  return { check: "file", level: "error", message: said, next: "Check the disk and the rights of the file." };
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);

function nodeFinding(): Finding {
  const check = "runtime";
  const { versions } = process;
  const message = versions.bun === undefined ? `Node ${versions.node}` : `Bun ${versions.bun}`;
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  const old = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return old && versions.bun === undefined
    ? { check, level: "error", message, next: `Use Node ${OLDEST_NODE.join(".")} or newer.` }
    : { check, level: "ok", message };
}

function sqliteFinding(db: Database): Finding {
  const check = "SQLite";
  const version = versionOf(db);
  try {
    assertVersion(version);
    return { check, level: "ok", message: version };
  } catch (error) {
    return { check, level: "error", message: (error as Error).message, next: "Install better-sqlite3 13.2 or newer." };
  }
}

function schemaFinding(schema: number | undefined): Finding {
  const check = "schema";
  const ours = MIGRATIONS.length;
  if (schema === undefined)
    return { check, level: "error", message: "no queue has used this file", next: "Correct the path." };
  if (schema > ours)
    return {
      check,
      level: "error",
      message: `${schema}, written by a newer version; this one knows ${ours}`,
      next: "Use the newer version.",
    };
  if (schema < ours)
    return {
      check,
      level: "warn",
      message: `${schema} of ${ours}`,
      next: "Nothing to do: it is upgraded when it is next opened.",
    };
  return { check, level: "ok", message: `${schema}` };
}

function integrityFinding(db: Database): Finding {
  const check = "integrity";
  const problems = integrityOf(db, LISTED);
  const foreign = foreignKeyProblems(db);
  if (problems.length > 0)
    return {
      check,
      level: "error",
      message: `it is damaged: ${problems.join("; ").slice(0, 1_000)}`,
      next: DAMAGED_NEXT,
    };
  if (foreign > 0)
    return {
      check,
      level: "error",
      message: `${foreign} rows of other tables break their foreign keys`,
      next: "Correct them in the application that owns the tables.",
    };
  return { check, level: "ok", message: "the file and its indexes are whole" };
}

function tiesFinding(db: Database): Finding {
  const check = "consistency";
  const broken = brokenTies(db);
  if (broken.length === 0) return { check, level: "ok", message: "jobs, inputs, batches and waits fit each other" };
  return { check, level: "error", message: broken.join("; "), next: DAMAGED_NEXT };
}

function payloadFinding(db: Database): Finding {
  const check = "payloads";
  const damaged = damagedPayloads(db, LISTED);
  if (damaged.length === 0) return { check, level: "ok", message: "every checksum holds" };
  const named = damaged.map(({ id, what }) => `${what} of #${id}`).join(", ");
  const message = `not what was stored: ${named}${damaged.length === LISTED ? " and perhaps more" : ""}`;
  const next =
    "Enqueue these jobs again from where their input came; those that have not ended fail as invalid_data. Then check the disk.";
  return { check, level: "error", message, next };
}
