import { createRequire } from "node:module";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ending, isAlive, LIMIT } from "./brain-kit.ts";
import { gatesBrain, type Queued } from "./gates-brain.ts";

/** Sets the version that the store says it has, as another version of brains would, and returns the one before. */
function setSchema(home: string, version: number): number {
  const require = createRequire(import.meta.resolve("@brains/job-queue"));
  const Database = require("better-sqlite3") as new (path: string) => {
    prepare(sql: string): { pluck(): { get(value: number): unknown } };
    close(): void;
  };
  const db = new Database(join(home, "brains.db"));
  const before = db.prepare("SELECT value FROM bq_meta WHERE key = 'schema' AND ? > 0").pluck().get(1) as number;
  db.prepare("UPDATE bq_meta SET value = ? WHERE key = 'schema' RETURNING value").pluck().get(version);
  db.close();
  return before;
}

test("worker and front ends that an upgrade of the store overtakes end and say so, and the running job is not lost", async () => {
  const brain = await gatesBrain();
  const { number } = await brain.json<Queued>("run", "steps");
  await brain.open("one");
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toContain("two began"), LIMIT);
  const worker = await brain.worker();
  const wait = brain.start("wait", `${number}`);
  const waiting = ending(wait);
  await once(wait.stderr, "data");

  const ours = setSchema(brain.home, 9999);
  const waited = await waiting;
  expect(waited.stderr).toContain("SCHEMA_CHANGED");
  expect(waited.code).toBe(9);
  await vi.waitFor(() => expect(isAlive(worker)).toBe(false), LIMIT);
  expect((await brain.run("status")).stderr).toContain("STORE_TOO_NEW");

  // As the newer version would: it knows the store, and takes over what ran.
  setSchema(brain.home, ours);
  await brain.open("two");
  await brain.open("three");
  expect((await brain.run("wait", `${number}`)).code).toBe(0);
  expect(await brain.ledger("steps")).toEqual([
    "one began",
    "one ended",
    "two began",
    "two began",
    "two ended",
    "three began",
    "three ended",
  ]);
});
