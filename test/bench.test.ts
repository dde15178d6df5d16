import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fill, openQueue, untilIdle } from "../bench/contenders/queue.ts";
import { openRaw } from "../bench/contenders/raw.ts";
import { RESULT, TYPE, payload } from "../bench/payload.ts";
import { openFile } from "../shared/job-queue/src/sqlite.ts";
import { root } from "./packages.ts";

const run = promisify(execFile);
const JOBS = 3;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "brains-bench-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the baseline", () => {
  test("leaves the same rows as the queue, so that both are asked for the same work", async () => {
    const raw = openRaw(join(folder, "raw.db"), "process");
    raw.enqueue(Array.from({ length: JOBS }, (_, n) => payload(n)));
    expect(raw.process(() => RESULT)).toBe(JOBS);
    raw.close();

    const queue = await openQueue(folder);
    queue.registerHandler(TYPE, { process: async () => RESULT });
    await fill(queue, JOBS);
    await queue.start();
    await untilIdle(queue);
    await queue.stop();

    expect(rowsOf(join(folder, "raw.db"))).toEqual(rowsOf(join(folder, "queue.db")));
  });
});

describe("npm run bench", () => {
  test("writes every figure with its ratios", async () => {
    const file = join(folder, "figures.json");
    await bench("--tiny", "--no-peers", "--only", "enqueue-many", "--json", file);
    const { benchmarks } = JSON.parse(await readFile(file, "utf8")) as Figures;
    const variants = benchmarks[0]?.variants ?? [];
    expect(variants.map(({ variant }) => variant)).toEqual(["raw", "queue"]);
    expect(variants[0]?.medians.rate).toBeGreaterThan(0);
    expect(variants[1]?.ratios["raw"]).toBeCloseTo(
      (variants[1]?.medians.rate ?? NaN) / (variants[0]?.medians.rate ?? NaN),
    );
  });

  test("names the benchmarks there are when it is asked for another", async () => {
    await expect(bench("--only", "nonsense")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("enqueue-many") as string,
    });
  });
});

interface Figures {
  readonly benchmarks: readonly {
    readonly variants: readonly {
      readonly variant: string;
      readonly medians: { readonly rate: number };
      readonly ratios: Readonly<Record<string, number>>;
    }[];
  }[];
}

function bench(...args: string[]) {
  return run(process.execPath, [join(root, "bench/main.ts"), ...args]);
}

/** What the work left behind: which time, which random letters and which place among other events it was does not matter. */
function rowsOf(path: string): Record<string, unknown[]> {
  const db = openFile(path);
  try {
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'bq!_%' ESCAPE '!' ORDER BY name")
      .pluck()
      .all() as string[];
    return Object.fromEntries(
      tables
        .filter((name) => name !== "bq_worker")
        .map((name) => [name, (db.prepare(`SELECT * FROM ${name}`).all() as Row[]).map((row) => timeless(name, row))]),
    );
  } finally {
    db.close();
  }
}

type Row = Record<string, unknown>;

function timeless(table: string, row: Row): Row {
  const entries = Object.entries(row).map(([column, value]) => {
    const varies =
      /^(at|sort|seq|secret)$|_at$/.test(column) ||
      (table === "bq_meta" && row["key"] !== "number" && column === "value");
    return [column, varies && value !== null ? "given" : value];
  });
  return Object.fromEntries(entries) as Row;
}
