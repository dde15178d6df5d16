import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type LogPage, OutputLog, OutputLogReader, startProgram } from "../src/index.ts";
import { PATH, temporaryFolder } from "./kit.ts";

const KEEP = 2 * 1024 * 1024;

/** All pages from a cursor on, as somebody follows them. */
async function pages(folder: string, limit: number, after?: string): Promise<LogPage[]> {
  const reader = new OutputLogReader(folder);
  const result: LogPage[] = [];
  for (let cursor = after; ;) {
    const page = await reader.page({ after: cursor, limit });
    result.push(page);
    if (page.pieces.length === 0) return result;
    cursor = page.next;
  }
}

const textOf = (read: readonly LogPage[]) => read.flatMap(({ pieces }) => pieces.map(({ text }) => text)).join("");
const droppedOf = (read: readonly LogPage[]) => read.reduce((sum, { dropped }) => sum + dropped, 0);

/** `n` lines of 100 bytes that carry their number. */
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${String(from + i).padStart(99, ".")}\n`).join("");

async function filled(total: number): Promise<{ folder: string; log: OutputLog }> {
  const folder = join(temporaryFolder(), "log");
  const log = await OutputLog.open(folder, { keepBytes: KEEP });
  for (let from = 0; from < total; from += 700) {
    await log.append("stdout", Buffer.from(lines(from, Math.min(total, from + 700))));
  }
  await log.flush();
  return { folder, log };
}

test("pieces come back with stream and time, in order", async () => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  void log.append("stdout", Buffer.from("one\n"), 1000);
  void log.append("stderr", Buffer.from("twö\n"), 1000.5);
  void log.append("note", Buffer.from("stopped"), 2000);
  await log.flush();
  expect(await new OutputLogReader(folder).page()).toEqual({
    pieces: [
      { stream: "stdout", at: 1000, text: "one\n", cursor: "0.0", next: "20.4" },
      { stream: "stderr", at: 1000.5, text: "twö\n", cursor: "20.4", next: "41.9" },
      { stream: "note", at: 2000, text: "stopped", cursor: "41.9", next: "64.16" },
    ],
    next: "64.16",
    dropped: 0,
    ended: false,
  });
  await log.finish();
  expect(await new OutputLogReader(folder).page({ after: "64.16" })).toMatchObject({ pieces: [], ended: true });
});

test.each([1, 5_000, 64 * 1024, 10_000_000])("pages of %i bytes have no gap and no repeat", async (limit) => {
  const { folder, log } = await filled(3_000);
  const whole = lines(0, 3_000);
  const live = await pages(folder, limit);
  expect(textOf(live)).toBe(whole);
  for (const { pieces } of live) {
    const size = pieces.reduce((sum, { text }) => sum + text.length, 0);
    expect(size).toBeLessThanOrEqual(Math.max(limit, 8192));
  }
  await log.finish();
  const after = await pages(folder, limit);
  expect(textOf(after)).toBe(whole);
  expect(after.at(-1)?.ended).toBe(true);
});

describe("a log that is larger than what is kept", () => {
  const TOTAL = 40_000;

  test("keeps its beginning and its end, and says how much the middle was", async () => {
    const { folder, log } = await filled(TOTAL);
    for (const state of ["live", "finished"]) {
      const read = await pages(folder, 50_000);
      const text = textOf(read);
      const dropped = droppedOf(read);
      expect(text.length + dropped, state).toBe(TOTAL * 100);
      const head = lines(0, TOTAL).slice(0, text.length);
      const same = [...text].findIndex((letter, index) => letter !== head[index]);
      expect(same).toBeGreaterThan(KEEP / 6);
      expect(text.slice(same)).toBe(lines(0, TOTAL).slice(same + dropped));
      expect(read.filter((page) => page.dropped > 0)).toHaveLength(1);
      if (state === "live") await log.finish();
    }
  });

  test("takes no more room than allowed, and less when it is compressed", async () => {
    const { folder, log } = await filled(TOTAL);
    const size = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(size()).toBeLessThanOrEqual(KEEP);
    expect(size()).toBeGreaterThan(KEEP * 0.7);
    await log.finish();
    expect(size()).toBeLessThan(KEEP / 4);
    expect(readdirSync(folder).every((name) => name.endsWith(".log.gz"))).toBe(true);
  });

  test("a reader that was overtaken is told what it missed, and goes on", async () => {
    const folder = join(temporaryFolder(), "log");
    const log = await OutputLog.open(folder, { keepBytes: KEEP });
    await log.append("stdout", Buffer.from(lines(0, 9_000)));
    await log.flush();
    const reader = new OutputLogReader(folder);
    const first = await reader.page({ limit: 800_000 });
    await log.append("stdout", Buffer.from(lines(9_000, TOTAL)));
    await log.finish();
    const rest = await pages(folder, 60_000, first.next);
    expect(textOf([first]).length + textOf(rest).length + droppedOf(rest)).toBe(TOTAL * 100);
    expect(textOf(rest)).toBe(lines(0, TOTAL).slice(-textOf(rest).length));
  });

  test("its tail begins where it was asked for", async () => {
    const { folder, log } = await filled(TOTAL);
    for (const state of ["live", "finished"]) {
      const tail = textOf(await pages(folder, 1_000, await new OutputLogReader(folder).tail(20_000)));
      expect(tail.length, state).toBeLessThanOrEqual(20_000);
      expect(tail.length, state).toBeGreaterThan(20_000 - 8192);
      expect(lines(0, TOTAL).endsWith(tail)).toBe(true);
      if (state === "live") await log.finish();
    }
  });
});

test("a long piece is cut between characters", async () => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  const text = `x${"€".repeat(20_000)}`;
  void log.append("stdout", Buffer.from(text));
  await log.close();
  expect(textOf(await pages(folder, 10_000))).toBe(text);
});

test("whatever is written is read back, page by page", async () => {
  const texts = fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 6_000 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 40_000 }), async (texts, limit) => {
      const folder = join(temporaryFolder(), "log");
      const log = await OutputLog.open(folder);
      for (const text of texts) void log.append("stdout", Buffer.from(text));
      await log.close();
      expect(textOf(await pages(folder, limit))).toBe(texts.join("").toWellFormed());
    }),
    { numRuns: 15 },
  );
});

test("a piece that its writer did not finish before it died is not read, and the log can be continued", async () => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  void log.append("stdout", Buffer.from("before"));
  await log.close();
  const [name = ""] = readdirSync(folder);
  appendFileSync(join(folder, name), Buffer.from([0xa1, 0xb7, 0, 0, 100, 0, 0, 0, 0, 0, 0]));
  expect(textOf(await pages(folder, 1000))).toBe("before");
  const again = await OutputLog.open(folder);
  void again.append("note", Buffer.from(", interrupted"));
  await again.finish();
  expect(textOf(await pages(folder, 1000))).toBe("before, interrupted");
  await expect(OutputLog.open(folder)).rejects.toMatchObject({ code: "INVALID_LOG" });
});

test("an interrupted compression is finished by the next", async () => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  void log.append("stdout", Buffer.from("text"));
  await log.close();
  writeFileSync(join(folder, "0-0.log.gz"), "half");
  expect(textOf(await pages(folder, 1000))).toBe("text");
  await (await OutputLog.open(folder)).finish();
  expect(readdirSync(folder)).toEqual(["0-0.log.gz"]);
  expect(textOf(await pages(folder, 1000))).toBe("text");
});

test.each(["", "1", "1.2.3", "-1.0", "7.7", "x.y"])("%j is no cursor", async (after) => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  void log.append("stdout", Buffer.from("some text that is longer"));
  await log.close();
  await expect(new OutputLogReader(folder).page({ after })).rejects.toMatchObject({ code: "INVALID_CURSOR" });
});

test("too little to keep is refused", async () => {
  await expect(OutputLog.open(temporaryFolder(), { keepBytes: 1000 })).rejects.toMatchObject({ code: "INVALID_LOG" });
});

test("a log that cannot be written says so to its writer", async () => {
  const log = await OutputLog.open(temporaryFolder(), { keepBytes: KEEP });
  await log.close();
  void log.append("stdout", Buffer.from("x"));
  await expect(log.flush()).rejects.toThrow(/closed|EBADF/);
  expect(() => log.append("stdout", Buffer.from("x"))).toThrow(/closed|EBADF/);
});

test("a full disk loses output, not the program, and leaves room for others", async ({ skip }) => {
  const disk = temporaryFolder();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).status !== 0)
    skip("a small disk is only for root to have");
  onTestFinished(() => void execFileSync("umount", [disk]));
  const folder = join(disk, "log");
  const log = await OutputLog.open(folder, { keepBytes: KEEP });
  const all = Buffer.byteLength(lines(0, 20_000));
  for (let from = 0; from < 20_000; from += 100) {
    await log.append("stdout", Buffer.from(lines(from, from + 100)));
    await log.flush();
  }
  // Somebody else has room.
  writeFileSync(join(disk, "other"), Buffer.alloc(32 * 1024));
  rmSync(join(disk, "other"));
  for (let from = 20_000; from < 20_100; from += 100) await log.append("stdout", Buffer.from(lines(from, from + 100)));
  await log.close();
  const read = await pages(folder, 100_000);
  const text = textOf(read);
  expect(text.startsWith(lines(0, 100))).toBe(true);
  expect(text.endsWith(lines(20_000, 20_100))).toBe(true);
  expect(droppedOf(read)).toBeGreaterThan(0);
  expect(droppedOf(read) + Buffer.byteLength(text)).toBe(all + 100 * 100);
});

test("a program can be followed by another reader while it writes", async () => {
  const folder = temporaryFolder();
  const log = await OutputLog.open(folder);
  const program = await startProgram(
    {
      file: "/bin/sh",
      args: ["-c", "for i in 1 2 3; do echo $i; echo e$i >&2; done; exec cat"],
      cwd: "/",
      env: PATH,
      input: "open",
    },
    { output: ({ stream, bytes, at }) => log.append(stream, bytes, at) },
  );
  await expect
    .poll(async () =>
      textOf(await pages(folder, 10))
        .split("\n")
        .sort(),
    )
    .toEqual(["", "1", "2", "3", "e1", "e2", "e3"]);
  await program.write("4\n");
  program.endInput();
  await program.ended;
  await log.finish();
  expect(textOf(await pages(folder, 10))).toMatch(/4\n$/);
});
