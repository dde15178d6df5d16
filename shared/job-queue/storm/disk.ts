// The disk is full, again and again: a small tmpfs is filled to the last byte by a file that is later removed.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { readLedger } from "./ledger.ts";
import { mountSmall } from "./small-disk.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const MEGABYTES = 96;
const LONGEST_FULL_MS = 4_000;
/** Jobs last so long that those which began before the disk was full end while it is. */
const HOLD_MS = 1_000;
/** A storm that is shorter than this has short rounds too. */
const SHORT_SECONDS = 10;
const RECOVERY_LIMIT_MS = 10_000;

export async function disk({ seconds = 60, seed = newSeed() }: StormOptions = {}) {
  const elapsed = stopwatch();
  const share = seconds < SHORT_SECONDS ? 1 / 4 : 1;
  const disk = mountSmall(MEGABYTES);
  const crew = openCrew(seed, { path: join(disk.folder, "storm.db") });
  const setting = {
    durability: "process",
    tolerant: true,
    concurrency: 64,
    hold: HOLD_MS * share,
    filler: 20_000,
    tells: true,
  } as const;
  const full: { from: number; until: number }[] = [];
  const recovered: number[] = [];
  const made = () => crew.members.reduce((sum, { role, done }) => sum + (role === "producer" ? done : 0), 0);
  try {
    for (let i = 0; i < 2; i++) crew.start("worker", { setting });
    for (let i = 0; i < 2; i++) crew.start("producer", { setting });
    await crew.until(() => crew.members.every(({ done }) => done > 0));
    while (elapsed() < seconds) {
      await pause(crew.between(200, 2_000 * share));
      const from = disk.fill();
      // What is left over by others, a page here and there, is taken as well.
      for (const end = from + crew.between(500, LONGEST_FULL_MS * share); monotonic() < end; await pause(20))
        disk.fill();
      const until = monotonic();
      full.push({ from, until });
      disk.free();
      const before = made();
      await Promise.race([crew.until(() => made() > before), pause(RECOVERY_LIMIT_MS)]);
      recovered.push(monotonic() - until);
      const gone = crew.members.find(crew.isGone);
      if (gone) throw new Error(`a ${gone.role} ended by itself: ${gone.process.exitCode}`);
    }
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts: figures, wrong } = await inspect(crew.folder, { path: crew.path });
    await Promise.all([...crew.members].map(crew.end));
    const refusals = readLedger(join(crew.folder, "acknowledged")).flatMap(([kind, code]) =>
      kind === "R" ? [code] : [],
    );
    const whileFull = endsWhileFull(crew.folder, full);
    return {
      seed,
      seconds: elapsed(),
      timesFull: full.length,
      ...figures,
      refusedFull: refusals.filter((code) => code === "STORE_FULL").length,
      ...whileFull,
      /** Milliseconds from the first free space until something was enqueued again. */
      recoveredAfter: spread(recovered),
      wrong: {
        ...wrong,
        otherCodes: refusals.filter((code) => code !== "STORE_FULL").length,
        notRecovered: recovered.filter((ms) => ms >= RECOVERY_LIMIT_MS).length,
      },
    };
  } finally {
    crew.dispose();
    disk.dispose();
  }
}

/** Jobs whose handlers ended while the disk was full, and of these the ones whose outcome was stored before there was space again. */
function endsWhileFull(folder: string, full: readonly { from: number; until: number }[]) {
  const at = (time: number) => full.findIndex(({ from, until }) => time > from && time < until);
  const handled = new Map<string, number>();
  let stored = 0;
  for (const [kind, number = "", , third, fourth, fifth] of readLedger(join(folder, "ran"))) {
    const during = kind === "E" ? at(Number(fourth)) : kind === "D" && third ? at(Number(fifth)) : -1;
    if (kind === "E" && during >= 0) handled.set(number, during);
    if (kind === "D" && during >= 0 && handled.get(number) === during) {
      handled.delete(number);
      stored += 1;
    }
  }
  return { endedWhileFull: handled.size + stored, storedWhileFull: stored };
}
