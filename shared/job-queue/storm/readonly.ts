// The file system of the store becomes read-only: what is refused, how soon, and that it goes on where it stopped.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { isCodedError, openJobQueue } from "../src/index.ts";
import { spread } from "./figures.ts";
import { mountSmall } from "./small-disk.ts";
import { newSeed, stopwatch } from "./storm.ts";

const TIMES = 20;
const SOON_MS = 1_000;

export async function readonly() {
  const disk = mountSmall(48);
  const elapsed = stopwatch();
  const path = join(disk.folder, "storm.db");
  const wrong = { notRefused: 0, otherCodes: 0, late: 0, missing: 0 };
  const refusedAfter: number[] = [];
  const codes: Record<string, number> = {};
  let message = "";
  try {
    const before = await openJobQueue({ path, durability: "power" });
    const { number } = await before.enqueue("work", {});
    await before.stop();
    disk.makeReadOnly();
    for (let i = 0; i < TIMES; i++) {
      const since = performance.now();
      try {
        const queue = await openJobQueue({ path });
        await queue.stop();
        wrong.notRefused += 1;
      } catch (error) {
        const code = isCodedError(error) ? error.code : "none";
        codes[code] = (codes[code] ?? 0) + 1;
        message = (error as Error).message.replace(path, "FILE");
        if (code !== "STORE_UNREADABLE") wrong.otherCodes += 1;
      }
      const took = performance.now() - since;
      refusedAfter.push(took);
      if (took > SOON_MS) wrong.late += 1;
    }
    execFileSync("mount", ["-o", "remount,rw", disk.folder], { stdio: "pipe" });
    const after = await openJobQueue({ path });
    if ((await after.service.getStatus(number)) === null) wrong.missing += 1;
    await after.stop();
    return { seed: newSeed(), seconds: elapsed(), codes, message, refusedAfter: spread(refusedAfter), wrong };
  } finally {
    disk.dispose();
  }
}
