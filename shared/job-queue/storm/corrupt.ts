// A disk that lies: bytes flip, pages vanish, files are cut or come from elsewhere. What `doctor` says of it, and what is salvaged.
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diagnose, salvage } from "../src/doctor/index.ts";
import { openJobQueue } from "../src/index.ts";
import { seeded, spread, sqlite } from "./figures.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const JOBS = 400;
const PAGE = 4_096;

/** Jobs as they must be read again, by number. */
type Rows = ReadonlyMap<number, { readonly data: unknown; readonly result: unknown; readonly rest: string }>;

export async function corrupt({ seconds = 30, seed = newSeed() }: StormOptions = {}) {
  const chance = seeded(seed);
  const elapsed = stopwatch();
  const folder = mkdtempSync(join(tmpdir(), "storm-corrupt-"));
  const between = (from: number, to: number) => from + Math.floor(chance() * (to - from));
  const counts: Record<string, { tried: number; found: number; harmless: number; rest: number }> = {};
  const wrong = { silentPayloads: 0, silentSalvaged: 0, doctorFailed: 0 };
  const diagnosed: number[] = [];
  const salvaged = { tried: 0, nothing: 0, jobs: 0, of: 0, ofTheOtherStore: 0 };
  try {
    const whole = join(folder, "whole.db");
    await fill(whole);
    const other = join(folder, "other.db");
    const logOfOther = await leaveLog(other);
    const expected = rowsOf(whole);
    const size = statSync(whole).size;
    const flip = (path: string, count: number) =>
      change(path, (file) => {
        for (let i = 0; i < count; i++) {
          const at = between(0, size);
          const byte = Buffer.alloc(1);
          readSync(file, byte, 0, 1, at);
          byte[0] = (byte[0] ?? 0) ^ (1 << between(0, 8));
          writeSync(file, byte, 0, 1, at);
        }
      });
    const harms: Readonly<Record<string, (path: string) => void>> = {
      oneBit: (path) => flip(path, 1),
      bits: (path) => flip(path, between(2, 65)),
      page: (path) =>
        change(path, (file) => void writeSync(file, Buffer.alloc(PAGE), 0, PAGE, between(1, size / PAGE) * PAGE)),
      cut: (path) => truncateSync(path, between(1, size)),
      header: (path) => change(path, (file) => void writeSync(file, Buffer.alloc(16), 0, 16, 0)),
      foreignLog: (path) => copyFileSync(logOfOther, `${path}-wal`),
      sharedMemory: (path) => writeFileSync(`${path}-shm`, Buffer.alloc(32_768, between(0, 256))),
    };
    const kinds = Object.keys(harms);
    for (let n = 0; elapsed() < seconds; n++) {
      const kind = kinds[n % kinds.length] as string;
      const path = join(folder, "damaged.db");
      copyFileSync(whole, path);
      harms[kind]?.(path);
      const count = (counts[kind] ??= { tried: 0, found: 0, harmless: 0, rest: 0 });
      count.tried += 1;
      const since = performance.now();
      let healthy = false;
      try {
        healthy = diagnose(path).healthy;
      } catch {
        wrong.doctorFailed += 1;
      }
      diagnosed.push(performance.now() - since);
      if (!healthy) count.found += 1;
      else {
        const { payloads, rest } = differences(rowsOf(path), expected);
        wrong.silentPayloads += payloads.length;
        if (payloads.length === 0 && rest === 0) count.harmless += 1;
        else if (rest > 0) count.rest += 1;
      }
      const to = join(folder, "salvaged.db");
      salvaged.tried += 1;
      salvaged.of += JOBS;
      try {
        const report = salvage(path, to);
        salvaged.jobs += report.jobs;
        const known = new Set(report.damaged.map(({ id }) => id));
        const strange = differences(rowsOf(to), expected).payloads.filter((id) => !known.has(id)).length;
        // What a log of another store brought are whole jobs of that store.
        if (kind === "foreignLog") salvaged.ofTheOtherStore += strange;
        else wrong.silentSalvaged += strange;
      } catch {
        salvaged.nothing += 1;
      }
      for (const file of [path, to]) for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
    }
    return { seed, seconds: elapsed(), harms: counts, diagnosis: spread(diagnosed), salvaged, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(path: string, jobs = JOBS): Promise<void> {
  const queue = await openJobQueue({ path, durability: "process" });
  queue.registerHandler("echo", { process: (data) => data });
  await queue.start();
  const made = await queue.service.enqueueMany(
    Array.from({ length: jobs }, (_, n) => ({
      type: n % 2 === 0 ? "echo" : "later",
      data: { n, text: `${n} `.repeat(600) },
    })),
  );
  for (const [n, { number }] of made.entries()) if (n % 2 === 0) await queue.wait(number);
  await queue.stop();
}

/** The log of another store, as a crash leaves it: what has changed in it since the last checkpoint. */
async function leaveLog(path: string): Promise<string> {
  await fill(path, JOBS / 3);
  const queue = await openJobQueue({ path, durability: "process" });
  await queue.service.enqueueMany(Array.from({ length: 50 }, () => ({ type: "later", data: "x".repeat(2_000) })));
  copyFileSync(`${path}-wal`, `${path}.log`);
  await queue.stop();
  return `${path}.log`;
}

function change(path: string, act: (file: number) => void): void {
  const file = openSync(path, "r+");
  act(file);
  closeSync(file);
}

function rowsOf(path: string): Rows {
  const db = new (sqlite())(path);
  try {
    const rows = db
      .prepare(
        `SELECT j.id, j.state, j.run, b.secret, b.data, b.priority, r.result FROM bq_job j JOIN bq_body b ON b.id = j.id
         LEFT JOIN bq_result r ON r.id = j.id`,
      )
      .all() as Record<string, unknown>[];
    return new Map(
      rows.map(({ id, data, result, ...rest }) => [id as number, { data, result, rest: JSON.stringify(rest) }]),
    );
  } finally {
    db.close();
  }
}

/** Jobs whose payload or result is another one; how many are not there, have lost their result, or differ in something else. */
function differences(found: Rows, expected: Rows): { payloads: number[]; rest: number } {
  const payloads: number[] = [];
  let rest = Math.abs(expected.size - found.size);
  for (const [id, row] of found) {
    const before = expected.get(id);
    if (!before || before.data !== row.data || (row.result !== null && before.result !== row.result)) payloads.push(id);
    else if (before.rest !== row.rest || before.result !== row.result) rest += 1;
  }
  return { payloads, rest };
}
