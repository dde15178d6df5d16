import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PLANTS, plant } from "../sim/planted.ts";

const PACKAGE = join(import.meta.dirname, "..");
/** Waits for a process that ends by itself after the seconds that it is given. */
const LIMIT_MS = 120_000;

/** In a process of its own, because it takes clock and chance away from the code under test. */
function sim(...args: string[]): Promise<{ code: unknown; told: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(PACKAGE, "sim/main.ts"), ...args], (error, told, errors) =>
      resolve({ code: error === null ? 0 : error.code, told: told + errors }),
    );
  });
}

async function expectNothing(...args: string[]): Promise<void> {
  const { code, told } = await sim(...args);
  // What it tells has the seed, and the command that repeats what it found.
  expect(code, told).toBe(0);
  expect(told).toMatch(/^seed \d+\n[1-9]\d* histories/);
}

test("random histories break no promise", { timeout: LIMIT_MS }, () => expectNothing("--seconds", "2"));

test("the histories of one seed break no promise", { timeout: LIMIT_MS }, () =>
  expectNothing("--seconds", "2", "--seed", "1"),
);

test("a seed is the same to the last turn in every process", { timeout: LIMIT_MS }, async () => {
  const run = () => sim("--hashes", "2", "--seed", "7");
  const [one, other] = await Promise.all([run(), run()]);
  expect(one.told).toMatch(/^(?:[0-9a-f]{16}\n){2}$/);
  expect(new Set(one.told.trim().split("\n")).size).toBe(2);
  expect(other).toEqual(one);
});

test("a planted mistake is found", { timeout: LIMIT_MS }, async () => {
  const { code, told } = await sim("--planted", "--only", "resolves before its commit", "--seconds", "60");
  expect(code, told).toBe(0);
  expect(told).toMatch(/histories {2}seed \d+ path/);
});

test("every planted mistake still fits the source", () => {
  expect(PLANTS.length).toBeGreaterThanOrEqual(12);
  for (const each of PLANTS) plant(join(PACKAGE, "src"), each).remove();
});
