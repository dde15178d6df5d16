// Another process holds the write lock of the store, for moments and for seconds.
import { setTimeout as pause } from "node:timers/promises";
import { join } from "node:path";
import { openCrew } from "./crew.ts";
import { monotonic, sqlite, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { readLedger } from "./ledger.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

/** Everybody waits for others so long; then it is told that the store is busy. */
const PATIENCE_MS = 5_000;
const LONGEST_GAP_MS = 150;

export async function lock({ seconds = 40, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const setting = { durability: "process", tolerant: true, gaps: true } as const;
  const holds: { from: number; until: number }[] = [];
  const refusals = () => readLedger(join(crew.folder, "acknowledged")).filter(([kind]) => kind === "R");
  try {
    for (let i = 0; i < 2; i++) crew.start("worker", { setting });
    for (let i = 0; i < 2; i++) crew.start("producer", { setting });
    const front = crew.start("front", { setting });
    await crew.until(() => crew.members.every(({ done }) => done > 0));
    const db = new (sqlite())(crew.path, { timeout: 0 });
    const hold = async (ms: number): Promise<void> => {
      for (;;) {
        try {
          db.exec("BEGIN IMMEDIATE");
          break;
        } catch {
          await pause(1);
        }
      }
      const from = monotonic();
      await pause(ms);
      db.exec("ROLLBACK");
      holds.push({ from, until: monotonic() });
    };
    while (elapsed() < seconds) {
      await hold(crew.between(50, crew.chance() < 0.2 ? PATIENCE_MS - 500 : 1_000));
      await pause(crew.between(50, 500));
    }
    const early = refusals().length;
    await crew.end(front);
    await hold(PATIENCE_MS + 2_000);
    db.close();
    const codes = refusals().slice(early);
    const count = crew.members.reduce((sum, { done }) => sum + done, 0);
    await crew.until(() => crew.members.reduce((sum, { done }) => sum + done, 0) > count + 20);
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts: figures, wrong } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    const gaps = ["acknowledged", "ran"].flatMap((name) =>
      readLedger(join(crew.folder, name)).flatMap(([kind, , , ms, at]) =>
        kind === "G"
          ? [
              {
                ms: Number(ms),
                locked: holds.some(({ from, until }) => overlaps(Number(at) - Number(ms), Number(at), from, until)),
              },
            ]
          : [],
      ),
    );
    const longest = (locked: boolean) => Math.max(0, ...gaps.flatMap((gap) => (gap.locked === locked ? [gap.ms] : [])));
    return {
      seed,
      seconds: elapsed(),
      ...figures,
      /** Milliseconds for which the store was locked; the longest gap of an event loop meanwhile, and at other times, which is the machine's. */
      held: spread(holds.map(({ from, until }) => until - from)),
      longestGap: longest(true),
      longestGapUnlocked: longest(false),
      gapsOver100: gaps.filter(({ ms, locked }) => locked && ms > 100).length,
      refusedAfterPatience: codes.length,
      wrong: {
        ...wrong,
        refusedWithinPatience: early,
        notRefusedAfter: codes.length === 0 ? 1 : 0,
        otherCodes: codes.filter(([, code]) => code !== "STORE_BUSY").length,
        longGap: longest(true) > LONGEST_GAP_MS + longest(false) ? 1 : 0,
      },
    };
  } finally {
    crew.dispose();
  }
}

const overlaps = (from: number, until: number, start: number, end: number): boolean => from < end && until > start;
