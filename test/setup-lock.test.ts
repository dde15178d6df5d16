import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAbandoned, withLock } from "../scripts/setup-lock.mjs";

const DEAD = 2 ** 22 + 1;
const quiet = () => {};

async function lockPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "brains-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "setup.lock");
}

test("a dead owner has abandoned its lock, a living or a foreign one only after a minute of silence", () => {
  const alive = () => true;
  const dead = () => false;
  expect(isAbandoned({ host: "here", pid: 1 }, 0, "here", dead)).toBe(true);
  expect(isAbandoned({ host: "here", pid: 1 }, 59_000, "here", alive)).toBe(false);
  expect(isAbandoned({ host: "there", pid: 1 }, 59_000, "here", dead)).toBe(false);
  expect(isAbandoned({ host: "there", pid: 1 }, 61_000, "here", dead)).toBe(true);
});

test("many at once work one after the other", async () => {
  const path = await lockPath();
  let inside = 0;
  let done = 0;
  const work = async () => {
    expect((inside += 1)).toBe(1);
    await readFile(path, "utf8");
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(path, quiet, work)));
  expect(done).toBe(5);
});

test("a lock is released when the work fails", async () => {
  const path = await lockPath();
  await expect(withLock(path, quiet, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withLock(path, quiet, async () => "free")).toBe("free");
});

test("the lock of a dead process is taken over", async () => {
  const path = await lockPath();
  await writeFile(path, JSON.stringify({ host: hostname(), pid: DEAD }));
  expect(await withLock(path, quiet, async () => "taken")).toBe("taken");
});

test("a half-written lock is taken over once it is old", async () => {
  const path = await lockPath();
  await writeFile(path, '{ "ho');
  await utimes(path, new Date(0), new Date(0));
  expect(await withLock(path, quiet, async () => "taken")).toBe("taken");
});
