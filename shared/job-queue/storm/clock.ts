// The wall clock of all processes jumps: hours and days, forward and back, to 1970 and to 2038. Nothing else of time does.
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { join } from "node:path";
import { openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { readLedger } from "./ledger.ts";
import { buildLibrary } from "./native.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const IN_2038 = Date.UTC(2038, 0, 20);
/** A clock and a timer may differ by this when a job starts at its time. */
const EARLY_MS = 5;

export async function clock({ seconds = 60, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const jumps: number[] = [];
  let file = -1;
  try {
    const library = buildLibrary("clock", crew.folder);
    const path = join(crew.folder, "offset");
    file = openSync(path, "w+");
    let offset = 0;
    const jump = (to: number): void => {
      offset = Math.round(to);
      jumps.push(monotonic());
      writeSync(file, new Uint8Array(new BigInt64Array([BigInt(offset)]).buffer), 0, 8, 0);
    };
    jump(0);
    const env = { LD_PRELOAD: library, CLOCK_OFFSET_FILE: path };
    const setting = { durability: "process", delays: true, keeps: true } as const;
    const kinds: Readonly<Record<string, () => number>> = {
      hour: () => offset + HOUR_MS,
      hourBack: () => offset - HOUR_MS,
      day: () => offset + DAY_MS,
      dayBack: () => offset - DAY_MS,
      right: () => 0,
      to1970: () => HOUR_MS - Date.now(),
      to2038: () => IN_2038 - Date.now(),
      sawtooth: () => offset + (crew.chance() - 0.5) * 2_000,
    };
    const done: Record<string, number> = {};
    for (let i = 0; i < 2; i++) crew.start("worker", { setting, env });
    for (let i = 0; i < 2; i++) crew.start("producer", { setting, env });
    await crew.until(() => crew.members.every((member) => member.done > 0));
    while (elapsed() < seconds) {
      const names = Object.keys(kinds);
      const name = names[crew.between(0, names.length)] ?? "right";
      for (let i = 0; i < (name === "sawtooth" ? 20 : 1); i++) {
        jump(kinds[name]?.() ?? 0);
        await pause(name === "sawtooth" ? 50 : 0);
      }
      done[name] = (done[name] ?? 0) + 1;
      // Long enough at times for delayed jobs to come and go between two jumps.
      await pause(crew.between(20, crew.chance() < 0.3 ? 6_000 : 1_500));
    }
    // Later than every time that a job was delayed to, on whatever day that was.
    jump(IN_2038 + 365 * DAY_MS - Date.now());
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts: figures, wrong } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    const delayed = punctuality(crew.folder, jumps);
    return {
      seed,
      seconds: elapsed(),
      jumps: done,
      ...figures,
      delayed: delayed.count,
      /** Milliseconds that delayed jobs began after their time, of those between whose enqueue and start the clock did not jump. */
      undisturbedLate: spread(delayed.late),
      wrong: { ...wrong, early: delayed.late.filter((late) => late < -EARLY_MS).length },
    };
  } finally {
    if (file >= 0) closeSync(file);
    crew.dispose();
  }
}

function punctuality(folder: string, jumps: readonly number[]): { count: number; late: number[] } {
  const started = new Map<string, number>();
  for (const [kind, number = "", , , at] of readLedger(join(folder, "ran")))
    if (kind === "S" && !started.has(number)) started.set(number, Number(at));
  const told = readLedger(join(folder, "acknowledged")).filter(([kind]) => kind === "T");
  const late = told.flatMap(([, number = "", at, delay]) => {
    const start = started.get(number);
    const due = Number(at) + Number(delay);
    if (start === undefined || jumps.some((jump) => jump > Number(at) && jump < Math.max(start, due))) return [];
    return [start - due];
  });
  return { count: told.length, late };
}
