import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Tier, newMark } from "../src/index.ts";
import { type Entry, linuxTable } from "../src/system/process-table.ts";
import { carries } from "../src/system/tree.ts";

const LIMIT_MS = 10_000;

export interface KilledWorker {
  readonly mark: string;
  /** Still alive of the program's session and group. */
  readonly group: readonly number[];
  /** Alive in a session of its own, as it was before. */
  readonly escaped: readonly number[];
  /** From the kill until nobody of the group was alive. */
  readonly ms: number;
}

/** Starts a worker with a program whose three processes ignore TERM and one of which left the group, kills the worker, and looks. */
export async function killedWorker(tier: Tier): Promise<KilledWorker> {
  const mark = newMark();
  const worker = spawn(process.execPath, [join(import.meta.dirname, "worker.ts"), tier, mark], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let words = "";
  worker.stdout.on("data", (chunk: Buffer) => (words += chunk.toString()));
  try {
    await until(() => words === "up\nup\n" && ours(mark).some(({ session, group }) => session === group));
    await until(() => ours(mark).length >= (tier === "group" ? 4 : 5));
    const before = ours(mark);
    // The leader is the oldest; its number is that of the session.
    const leader = Math.min(...before.map(({ pid }) => pid));
    const killedAt = performance.now();
    worker.kill("SIGKILL");
    await once(worker, "exit");
    const inGroup = () => all().filter(({ session, group }) => session === leader || group === leader);
    const outside = () => ours(mark).filter(({ session }) => session !== leader);
    const expected = tier === "group" ? 1 : 0;
    await until(() => inGroup().length === 0 && outside().length === expected, false);
    const ms = performance.now() - killedAt;
    return { mark, group: inGroup().map(({ pid }) => pid), escaped: outside().map(({ pid }) => pid), ms };
  } finally {
    worker.kill("SIGKILL");
  }
}

const all = (): Entry[] => linuxTable.all().filter(({ ended }) => !ended);
const ours = (mark: string): Entry[] => all().filter((entry) => carries(linuxTable, entry, mark));

async function until(condition: () => boolean, must = true): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) {
      if (must) throw new Error("the worker's program did not come up");
      return;
    }
    await pause(5);
  }
}
