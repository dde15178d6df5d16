// Power loss at random writes and syncs: what was not synced is undone or torn, then the store is opened as a machine would find it.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Crew, openCrew } from "./crew.ts";
import { monotonic, sqlite } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { buildLibrary } from "./native.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

/** As in native/power-loss.c. */
const ARENA_BYTES = 4_096 + 192 * 2 ** 20;
const OVERFLOWS_AT = 7 * 8;
/** Operations of one life, and between two points of it at which what a disk would hold is written down. */
const LIFE = [400, 8_000] as const;
/** In a storm of a few seconds. */
const SHORT_LIFE = [400, 2_000] as const;
const SHORT_SECONDS = 10;
const STRIDE = 100;
const LIVES_OF_A_STORE = 8;
const COMPLETED = 5;

interface Tally {
  lives: number;
  /** States of the disk that were opened. */
  points: number;
  /** Over all points: jobs and batches that had been acknowledged, and of these what was not there. */
  acknowledged: number;
  lost: number;
  pointsWithLoss: number;
  mostLost: number;
  /** Ended jobs that somebody had been told of, and that had not ended when the store was opened. */
  told: number;
  untold: number;
  damaged: number;
  overflows: number;
}

export async function power({ seconds = 60, seed = newSeed() }: StormOptions = {}) {
  const elapsed = stopwatch();
  const life = seconds < SHORT_SECONDS ? SHORT_LIFE : LIFE;
  const safe = newTally();
  const wrongAfter: Record<string, number> = {};
  let jobs = 0;
  for (let n = 0; elapsed() < seconds * 0.8; n++) {
    const crew = openCrew(seed + n);
    try {
      const library = buildLibrary("power-loss", crew.folder);
      for (let i = 0; i < LIVES_OF_A_STORE && elapsed() < seconds * 0.8; i++)
        await live(crew, library, "power", life, safe);
      // What is left must go on as after any other crash.
      const worker = crew.start("worker", { setting: { durability: "power" } });
      const { counts, wrong } = await inspect(crew.folder);
      await crew.end(worker);
      jobs += counts.acknowledged;
      for (const [name, count] of Object.entries(wrong)) wrongAfter[name] = (wrongAfter[name] ?? 0) + (count as number);
    } finally {
      crew.dispose();
    }
  }
  const fast = newTally();
  for (let n = 0; elapsed() < seconds; n++) {
    // A store of its own for each life: numbers of jobs that were lost come again.
    const crew = openCrew(seed + 1_000_000 + n);
    try {
      await live(crew, buildLibrary("power-loss", crew.folder), "process", life, fast);
    } finally {
      crew.dispose();
    }
  }
  const { lost, untold, damaged, overflows, ...figures } = safe;
  return {
    seed,
    seconds: elapsed(),
    jobs,
    ...figures,
    /** The same with durability "process", which promises nothing here but an undamaged file. */
    process: fast,
    wrong: {
      ...wrongAfter,
      lost,
      outcomesLost: untold,
      damaged: damaged + fast.damaged,
      shimOverflows: overflows + fast.overflows,
    },
  };
}

const newTally = (): Tally => ({
  lives: 0,
  points: 0,
  acknowledged: 0,
  lost: 0,
  pointsWithLoss: 0,
  mostLost: 0,
  told: 0,
  untold: 0,
  damaged: 0,
  overflows: 0,
});

/** Processes work on the store until the power fails. Then every state of the disk that was written down is opened and compared. */
async function live(
  crew: Crew,
  library: string,
  durability: "power" | "process",
  life: readonly [number, number],
  tally: Tally,
): Promise<void> {
  const { folder } = crew;
  const copies = join(folder, "copies");
  const arena = join(folder, "arena");
  mkdirSync(copies);
  const head = new BigUint64Array([BigInt(crew.between(...life)), BigInt(crew.between(1, 2 ** 31)), BigInt(STRIDE)]);
  writeFileSync(arena, new Uint8Array(head.buffer));
  truncateSync(arena, ARENA_BYTES);
  const env = { LD_PRELOAD: library, POWER_LOSS_FILE: arena, POWER_LOSS_STORE: folder, POWER_LOSS_COPIES: copies };
  const worker = crew.start("worker", { setting: { durability, tells: true }, env });
  crew.start("producer", { setting: { durability }, env });
  await crew.until(() => crew.members.every((member) => crew.isGone(member)));
  for (const { role, process } of crew.members) {
    if (process.signalCode !== "SIGKILL") throw new Error(`a ${role} ended by itself: ${process.exitCode}`);
  }
  crew.ran("K", 0, worker.process.pid as number, "-", monotonic(), Date.now());
  await Promise.all([...crew.members].map(crew.kill));
  rmSync(`${crew.path}-shm`, { force: true });

  const acknowledged = linesOf(join(folder, "acknowledged"));
  const ran = linesOf(join(folder, "ran"));
  const last = join(copies, "last");
  mkdirSync(last);
  for (const name of ["storm.db", "storm.db-wal"])
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(last, name));
  for (const name of readdirSync(copies)) {
    const sizes = name === "last" ? [Infinity, Infinity] : numbersOf(join(copies, name, "sizes"));
    const until = (lines: readonly Line[], size: number | undefined) => lines.filter(({ end }) => end <= (size ?? 0));
    compare(join(copies, name), until(acknowledged, sizes[0]), until(ran, sizes[1]), tally);
  }
  tally.lives += 1;
  tally.overflows += Number(new BigUint64Array(readFileSync(arena).buffer, OVERFLOWS_AT, 1)[0]);
  for (const used of [copies, arena]) rmSync(used, { recursive: true });
}

interface Line {
  readonly words: readonly string[];
  /** Bytes of the file up to its end. */
  readonly end: number;
}

function linesOf(path: string): Line[] {
  let end = 0;
  return readFileSync(path, "latin1")
    .split("\n")
    .slice(0, -1)
    .map((line) => ({ words: line.split(" "), end: (end += line.length + 1) }));
}

const numbersOf = (path: string): number[] => readFileSync(path, "utf8").split(" ").map(Number);

function compare(folder: string, acknowledged: readonly Line[], ran: readonly Line[], tally: Tally): void {
  const jobs = new Map<number, { state: number; run: number }>();
  const batches = new Set<number>();
  tally.points += 1;
  const db = new (sqlite())(join(folder, "storm.db"));
  try {
    if (db.pragma("integrity_check", { simple: true }) !== "ok") tally.damaged += 1;
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'bq_job'").get() !== undefined) {
      const rows = db.prepare("SELECT id, state, run FROM bq_job").all() as {
        id: number;
        state: number;
        run: number;
      }[];
      for (const row of rows) jobs.set(row.id, row);
      for (const id of db.prepare("SELECT id FROM bq_batch").pluck().all()) batches.add(id as number);
    }
  } catch {
    tally.damaged += 1;
  } finally {
    db.close();
  }
  let lost = 0;
  for (const { words } of acknowledged) {
    const [kind, number] = words;
    if (kind !== "J" && kind !== "B") continue;
    tally.acknowledged += 1;
    if (!(kind === "J" ? jobs : batches).has(Number(number))) lost += 1;
  }
  for (const { words } of ran) {
    const [kind, number, , , run] = words;
    if (kind !== "D") continue;
    tally.told += 1;
    const job = jobs.get(Number(number));
    if (job && job.state < COMPLETED && job.run <= Number(run)) tally.untold += 1;
  }
  tally.lost += lost;
  if (lost > 0) tally.pointsWithLoss += 1;
  tally.mostLost = Math.max(tally.mostLost, lost);
}
