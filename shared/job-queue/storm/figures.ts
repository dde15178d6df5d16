import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";

/** Milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function spread(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** The same numbers for the same seed: 0 <= n < 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Milliseconds of a clock that all processes of the machine share and nobody can set. */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

const LOOP_MS = 5;
const LONG_MS = 20;

/** Told of each time for which the event loop did not come round, in milliseconds, if it is a long one. */
export function watchLoop(long: (ms: number) => void): void {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const gap = now - last - LOOP_MS;
    last = now;
    if (gap > LONG_MS) long(Math.round(gap));
  }, LOOP_MS).unref();
}

export const sqlite = (): typeof BetterSqlite3 =>
  createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

/** What was run, and on what. */
export function circumstances(): Record<string, unknown> {
  const db = new (sqlite())(":memory:");
  const library = db.prepare("SELECT sqlite_version()").pluck().get();
  db.close();
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  return {
    sha: git("rev-parse", "--short", "HEAD"),
    changed: git("status", "--porcelain", "--", "shared/job-queue/src") !== "",
    version,
    node: process.versions.node,
    sqlite: library,
    system: `${process.platform} ${process.arch}`,
    processors: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function git(...args: string[]): string | null {
  try {
    return execFileSync("git", args, {
      cwd: join(import.meta.dirname, "../../.."),
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  } catch {
    return null;
  }
}
