import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { backupStore } from "../src/backup.ts";
import { diagnose } from "../src/doctor/index.ts";
import { openTestQueue } from "../src/testing/index.ts";
import { codeOf, openQueue } from "./kit.ts";

const NOW = Date.UTC(2026, 5, 1);

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "backup-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("an impossible portion is refused, and leaves no file", async () => {
  const queue = await openQueue();
  const place = folder();
  for (const portion of [0, -1, 1.5, Number.NaN, "16"])
    expect(await codeOf(backupStore(queue.path, join(place, "copy.db"), { portion: portion as number }))).toBe(
      "INVALID_OPTION",
    );
  expect(readdirSync(place)).toEqual([]);
});

test("a backup is taken while others write: it ends, is whole, has everything acknowledged before it, and only its user may read it", async () => {
  const queue = await openQueue();
  const data = "x".repeat(1_000);
  const jobs = Array.from({ length: 2_000 }, () => ({ type: "t:work", data }));
  await queue.service.enqueueMany(jobs);
  const before = (await queue.stats()).ready;
  const place = folder();
  const to = join(place, "copy.db");
  const over = new AbortController();
  let written = 0;
  const other = await queue.again();
  const writer = (async () => {
    for (; !over.signal.aborted; written++) await other.enqueue("t:work", data);
  })();
  // Small portions, so that there are many moments at which a commit of another connection would make it start anew.
  const backup = await backupStore(queue.path, to, { portion: 16 });
  over.abort();
  await writer;
  expect(written).toBeGreaterThan(50);
  expect(backup).toMatchObject({ path: to, bytes: statSync(to).size });
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(readdirSync(place)).toEqual(["copy.db"]);
  expect(diagnose(to, { now: NOW }).findings.filter(({ level }) => level === "error")).toEqual([]);

  const copy = await openTestQueue({ path: to });
  onTestFinished(() => copy.dispose());
  const held = (await copy.stats()).ready;
  expect(held).toBeGreaterThanOrEqual(before);
  expect(held).toBeLessThanOrEqual(before + written);
});

test("in the copy a job that ran comes back, and the store itself goes on", async () => {
  const queue = await openQueue();
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  queue.registerHandler("t:work", { process: () => gone });
  await queue.start();
  const { jobId } = await queue.enqueue("t:work", 1);
  await expect.poll(async () => (await queue.service.getStatus(jobId))?.state).toBe("processing");
  const to = join(folder(), "copy.db");
  await backupStore(queue.path, to);
  go();
  await queue.drain();
  expect((await queue.service.getStatus(jobId))?.state).toBe("completed");

  const copy = await openTestQueue({ path: to });
  onTestFinished(() => copy.dispose());
  copy.registerHandler("t:work", { process: () => "again" });
  await copy.start();
  await copy.drain();
  expect(await copy.service.getStatus(jobId)).toMatchObject({ state: "completed", result: "again" });
});

test("nothing is overwritten, nothing is left where it failed, and a damaged or missing store is refused", async () => {
  const queue = await openQueue();
  await queue.enqueue("t:work", 1);
  const place = folder();
  const taken = join(place, "taken.db");
  writeFileSync(taken, "mine");
  expect(await codeOf(backupStore(queue.path, taken))).toBe("INVALID_OPTION");
  writeFileSync(join(place, "free.db-wal"), "of another");
  expect(await codeOf(backupStore(queue.path, join(place, "free.db")))).toBe("INVALID_OPTION");
  const noise = join(place, "noise.db");
  writeFileSync(noise, Buffer.alloc(10_000, 7));
  for (const source of [noise, join(place, "missing.db")])
    expect(await codeOf(backupStore(source, join(place, "new.db")))).toBe("STORE_UNREADABLE");
  expect(await codeOf(backupStore(queue.path, join(place, "no", "such", "folder.db")))).toBe("STORE_UNREADABLE");
  expect(readdirSync(place).sort()).toEqual(["free.db-wal", "noise.db", "taken.db"]);
});
