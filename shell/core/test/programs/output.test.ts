import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { OutputLog } from "@brains/process";
import { expect, test, vi } from "vitest";
import { newAttemptFolder } from "../../src/programs/output/folder.ts";
import { lastOutputLines } from "../../src/programs/output/lines.ts";
import { mergedPage } from "../../src/programs/output/merged.ts";
import { PATIENT } from "../fixtures/gated.ts";
import { tempFolder } from "../temp-folder.ts";
import { ALLOW_ALL, SH, ended, programShell } from "./kit.ts";

const JOB = 7;

/** A job whose attempts wrote these pieces. */
async function written(
  attempts: readonly (readonly [stream: "stdout" | "stderr", text: string][])[],
  keepBytes?: number,
) {
  const home = await tempFolder();
  for (const [index, pieces] of attempts.entries()) {
    const folder = await newAttemptFolder(home, { number: JOB, run: 1, attempt: index + 1 });
    const log = await OutputLog.open(folder, { keepBytes });
    for (const [stream, text] of pieces) await log.append(stream, Buffer.from(text));
    await log.finish();
  }
  return home;
}

const noLines = async () => ({ lines: [], cursor: "store", ended: true });

/** All pages, one after the other. */
async function pagesOf(home: string, limit: number, bytes = 64 * 1024) {
  const lines: Awaited<ReturnType<typeof mergedPage>>["lines"][number][] = [];
  let dropped = 0;
  for (let after: string | undefined; ;) {
    const page = await mergedPage({ logs: noLines, home, job: JOB, bytes }, { after, limit });
    expect(page.lines.length).toBeLessThanOrEqual(limit);
    lines.push(...page.lines);
    dropped += page.dropped;
    if (page.ended) return { lines, dropped };
    after = page.cursor;
  }
}

const textOf = (
  lines: readonly { readonly stream: string; readonly text: string; readonly open?: boolean | undefined }[],
  stream: string,
) =>
  lines
    .filter((line) => line.stream === stream)
    .map(({ text, open }) => (open === true ? text : `${text}\n`))
    .join("");

test("pages of any size give the same lines, without gap or repeat", async () => {
  const piece = fc.tuple(fc.constantFrom<"stdout" | "stderr">("stdout", "stderr"), fc.stringMatching(/^[ab\n]{1,12}$/));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(piece, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      async (attempts, limit, bytes) => {
        const home = await written(attempts);
        const all = await pagesOf(home, 10_000);
        const paged = await pagesOf(home, limit, bytes);
        for (const stream of ["stdout", "stderr"]) expect(textOf(paged.lines, stream)).toBe(textOf(all.lines, stream));
      },
    ),
    { numRuns: 25 },
  );
});

test("a line without an end is given in parts, and says so", async () => {
  const home = await written([
    [
      ["stdout", "x".repeat(30_000)],
      ["stdout", "end\nnext"],
    ],
  ]);
  const { lines } = await pagesOf(home, 100);
  expect(lines.map(({ text, open }) => [text.length, open])).toEqual([
    [8192, true],
    [8192, true],
    [8192, true],
    [5427, false],
    [4, false],
  ]);
});

test("what was not kept of the middle is said where it is missing", async () => {
  const line = `${"y".repeat(999)}\n`;
  const home = await written(
    [Array.from({ length: 4000 }, () => ["stdout", line] as ["stdout", string])],
    2 * 1024 * 1024,
  );
  const { lines, dropped } = await pagesOf(home, 500);
  expect(dropped).toBeGreaterThan(1_000_000);
  expect(lines.filter(({ stream }) => stream === "note").map(({ text }) => text)).toEqual([
    `[${dropped} bytes of output were not kept]`,
  ]);
  const bytes = lines.filter(({ stream }) => stream === "stdout").reduce((sum, { text }) => sum + text.length + 1, 0);
  expect(Math.abs(bytes + dropped - 4_000_000)).toBeLessThan(2000);
  expect((await lastOutputLines(home, JOB, 3)).lines.map(({ text }) => text)).toEqual(
    [line, line, line].map((text) => text.trimEnd()),
  );
});

test("models get it without what steers a terminal; it goes with its job", async () => {
  await using brain = await programShell(ALLOW_ALL);
  const id = await brain.ask(SH("printf '\\033[31mred\\033[0m\\n'"));
  await ended(brain, id);
  const seen = async (place: string) => {
    const reply = await brain.call("shell:logs", { id }, { caller: { ...brain.caller, interface: place } });
    return (reply as { text: string }).text;
  };
  expect(await seen("mcp")).toContain("\nred");
  expect(await seen("cli")).toContain("\u001B[31mred");
  expect((await brain.logs(id, { tail: 2 })).lines.map(({ text }) => text)).toEqual([
    "\u001B[31mred\u001B[0m",
    "after",
  ]);
  const folder = join(brain.home, "output", `${id}`);
  expect(existsSync(folder)).toBe(true);
  await brain.call("shell:delete", { ids: id });
  expect(existsSync(folder)).toBe(false);
});

test("a job that is deleted while its output is compressed leaves nothing", async () => {
  await using brain = await programShell(ALLOW_ALL);
  const id = await brain.ask(SH("head -c 8000000 /dev/urandom"));
  await ended(brain, id);
  await brain.call("shell:delete", { ids: id });
  await brain.shell.stop();
  expect(existsSync(join(brain.home, "output", `${id}`))).toBe(false);
  expect(brain.log).toEqual([]);
});

test("further programs wait for their turn and start by themselves; each keeps its own output", async () => {
  await using brain = await programShell({ ...ALLOW_ALL, concurrency: 1 });
  const ids = [await brain.ask(SH("read -r x; echo first")), await brain.ask(SH("echo second"))] as const;
  await vi.waitFor(async () => {
    // The store takes lines by the clock, which stands still here.
    await brain.queue.clock.advance(1000);
    const { lines } = await brain.logs(ids[1]);
    expect(lines.map(({ text }) => text)).toContain("It waits until one of the 1 running programs has ended.");
  }, PATIENT);
  await brain.call("shell:send", { id: ids[0], text: "go\n" });
  for (const id of ids) await ended(brain, id);
  const texts = await Promise.all(
    ids.map(async (id) =>
      (await brain.logs(id)).lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text),
    ),
  );
  expect(texts).toEqual([["first"], ["second"]]);
});
