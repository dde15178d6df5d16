import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { JobQueueError } from "../errors.ts";
import { heldLocks } from "../liveness.ts";
import { DEFAULT_MAX_BYTES } from "../limits.ts";
import { type Database, migrate, openFile, openStoreFile } from "../sqlite.ts";
import { createStore } from "../store/store.ts";
import { systemPorts } from "../system-ports.ts";
import { type Damaged, Rescue, TABLES, damagedPayloads } from "./sql.ts";

export interface Salvaged {
  readonly path: string;
  readonly jobs: number;
  readonly batches: number;
  /** Numbers of jobs of which a part could not be read, so that they are not in the new store. */
  readonly lost: readonly number[];
  /** Jobs that ran, or waited for an answer that was lost: they start anew. */
  readonly requeued: number;
  /** Jobs that are there and whose input or result is not what was stored. Those that have not ended fail as `invalid_data`. */
  readonly damaged: readonly Damaged[];
  /** Tables of which some rows could not be read, with how many keys. */
  readonly unreadable: Readonly<Record<string, number>>;
}

/** Keys that are tried one by one before a table is given up. */
const MOST_LOST = 200_000;
const HEADER = Buffer.from("SQLite format 3\0", "latin1");

/**
 * Reads what can be read of a damaged store into a new one; the damaged one is not changed. Jobs keep their numbers and ids, steps and logs.
 * What the damage took cannot be told apart from what never was, but where another part of it is left. To be called in a process that has not opened the store otherwise: it reads the
 * file itself, which drops the locks of its own process. Throws INVALID_STATE while workers run, INVALID_OPTION where the new file is there already, STORE_UNREADABLE where nothing can be read at all.
 */
export function salvage(path: string, to: string): Salvaged {
  const there = ["", "-wal"].map((ending) => `${to}${ending}`).find((file) => existsSync(file));
  if (there !== undefined)
    throw new JobQueueError(
      "INVALID_OPTION",
      `${there} is there already, and nothing is overwritten. Name another file.`,
    );
  if (!existsSync(path)) throw new JobQueueError("STORE_UNREADABLE", `There is no file ${path}.`);
  const workers = heldLocks(path);
  if (workers.length > 0)
    throw new JobQueueError("INVALID_STATE", `Processes work on ${path} (${workers.join(", ")}). Stop them first.`);
  const folder = mkdtempSync(join(dirname(to), ".salvage-"));
  try {
    const copy = join(folder, "damaged.db");
    copyForReading(path, copy);
    return intoNew(copy, path, to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A copy that SQLite agrees to open: with its magic words, and as long as its header says. */
function copyForReading(path: string, copy: string): void {
  for (const ending of ["", "-wal"])
    if (existsSync(`${path}${ending}`)) copyFileSync(`${path}${ending}`, `${copy}${ending}`);
  const file = openSync(copy, "r+");
  try {
    const header = Buffer.alloc(100);
    readSync(file, header, 0, 100, 0);
    writeSync(file, HEADER, 0, HEADER.length, 0);
    const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
    const wanted = header.readUInt32BE(28) * pageSize;
    const { size } = statSync(copy);
    // A header that is damaged itself may say anything.
    if (wanted > size && wanted < size * 16) ftruncateSync(file, wanted);
  } finally {
    closeSync(file);
  }
}

function intoNew(copy: string, path: string, to: string): Salvaged {
  const from = openFile(copy);
  const target = openStoreFile(to, "power");
  let done = false;
  try {
    migrate(target);
    target.exec("BEGIN IMMEDIATE");
    const salvaged = carry(from, target, path, to);
    target.exec("COMMIT");
    done = true;
    return salvaged;
  } finally {
    from.close();
    target.close();
    if (!done) for (const ending of ["", "-wal", "-shm"]) rmSync(`${to}${ending}`, { force: true });
  }
}

function carry(from: Database, target: Database, path: string, to: string): Salvaged {
  const rescue = new Rescue(from, target);
  const highest = rescue.highest();
  const unreadable: Record<string, number> = {};
  for (const table of TABLES) {
    const lost = copyAround(rescue, table, highest);
    if (lost > 0) unreadable[table] = lost;
  }
  for (const table of rescue.copyWhole()) unreadable[table] = 1;
  if (rescue.count("bq_job") === 0 && Object.keys(unreadable).length > 0)
    throw new JobQueueError("STORE_UNREADABLE", `Nothing can be read of ${path}. Put a backup in its place.`);
  const { lost, requeued } = rescue.mend(systemPorts.clock.now());
  rescue.keepCounting(highest);
  settleBatches(target, rescue.activeBatches());
  return {
    path: to,
    jobs: rescue.count("bq_job"),
    batches: rescue.count("bq_batch"),
    lost,
    requeued,
    damaged: damagedPayloads(target, 10_000),
    unreadable,
  };
}

/** Copies what lies around the damage: a piece that cannot be read is halved until it is one key. How many keys could not be read. */
function copyAround(rescue: Rescue, table: string, highest: number): number {
  let lost = 0;
  const pieces: [number, number][] = [[0, highest + 1]];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const [low, high] = piece;
    try {
      rescue.copy(table, low, high);
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith("SQLITE_")) throw error;
      const middle = Math.floor((low + high) / 2);
      if (middle > low) pieces.push([middle, high], [low, middle]);
      else if (++lost >= MOST_LOST) return lost;
    }
  }
  return lost;
}

/** Batches whose last open members were lost end now. */
function settleBatches(db: Database, batches: readonly number[]): void {
  const { clock, random } = systemPorts;
  const store = createStore(db, { random, now: () => clock.now(), maxBytes: DEFAULT_MAX_BYTES });
  store.tick.begin(clock.now());
  for (const batch of batches) store.tick.touched.add(batch);
  store.settleBatches();
  store.conclude();
}
