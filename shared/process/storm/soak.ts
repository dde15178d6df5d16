import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputLog, OutputLogReader, startProgram } from "../src/index.ts";

const MIB = 2 ** 20;

/** Zeros are one endless line, noise is mostly no UTF-8. */
const SCRIPTS = {
  zeros: 'exec head -c "$1" /dev/zero',
  lines: 'yes "a line as programs write them, some sixty characters long" | head -c "$1"',
  noise: 'exec head -c "$1" /dev/urandom',
};

export interface Soaked {
  /** MiB between the resident memory before and the highest seen, until the log was compressed. */
  readonly grown: number;
  /** The same, with reading all of it in the same process. */
  readonly grownReading: number;
  readonly seconds: number;
  readonly kept: number;
  readonly dropped: number;
}

/** Runs a program that writes so much into a log, pages all of what was kept, and says what it took. */
export async function soak(kind: keyof typeof SCRIPTS, mebibytes: number, secrets: number): Promise<Soaked> {
  const folder = await mkdtemp(join(tmpdir(), "brains-soak-"));
  try {
    const log = await OutputLog.open(folder);
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    let highest = before;
    const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
    const startedAt = performance.now();
    const program = await startProgram(
      {
        file: "/bin/sh",
        args: ["-c", SCRIPTS[kind], "sh", String(mebibytes * MIB)],
        cwd: "/",
        env: { PATH: "/usr/bin:/bin" },
        secrets: Object.fromEntries(
          Array.from({ length: secrets }, (_, i) => [`s${i}`, randomBytes(16).toString("hex")]),
        ),
      },
      { output: ({ stream, bytes, at }) => log.append(stream, bytes, at) },
    );
    const { code, outputBytes } = await program.ended;
    const seconds = (performance.now() - startedAt) / 1000;
    await log.finish();
    const grown = (highest - before) / MIB;
    const { kept, dropped } = await readAll(folder);
    clearInterval(watch);
    const grownReading = (highest - before) / MIB;
    if (code !== 0 || outputBytes !== mebibytes * MIB || kept + dropped !== outputBytes) {
      throw new Error(`code ${code}, ${outputBytes} bytes written, ${kept} kept and ${dropped} dropped`);
    }
    return { grown, grownReading, seconds, kept: kept / MIB, dropped: dropped / MIB };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Follows the cursors to the end, and counts in bytes of the log: text of noise is longer than its bytes. */
async function readAll(folder: string): Promise<{ kept: number; dropped: number }> {
  const reader = new OutputLogReader(folder);
  let dropped = 0;
  let end = 0;
  for (let cursor: string | undefined; ;) {
    const page = await reader.page({ after: cursor });
    cursor = page.next;
    dropped += page.dropped;
    end = Number(cursor.split(".")[1]);
    if (page.ended) return { kept: end - dropped, dropped };
  }
}
