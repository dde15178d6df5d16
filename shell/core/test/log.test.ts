import { access, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBrainLog } from "@brains/shell";
import { tempFolder } from "./temp-folder.ts";

const linesOf = async (file: string) =>
  (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("the log is one JSON object per line, for its owner alone", async () => {
  const file = join(await tempFolder(), "logs", "brain.log");
  const log = openBrainLog({ file });
  log.info("worker started", { plugin: "feeds" });
  log.error("it failed");
  expect(await linesOf(file)).toMatchObject([
    { msg: "worker started", plugin: "feeds", pid: process.pid, time: expect.stringMatching(/^\d{4}-/) },
    { msg: "it failed" },
  ]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("nothing is made before the first line that is due", async () => {
  const file = join(await tempFolder(), "logs", "brain.log");
  const log = openBrainLog({ file, level: "warn" });
  log.info("not due");
  await expect(access(file)).rejects.toMatchObject({ code: "ENOENT" });
  log.warn("due");
  expect(await linesOf(file)).toHaveLength(1);
});

test("a log that grew large is put aside when it is opened again", async () => {
  const file = join(await tempFolder(), "brain.log");
  await writeFile(file, `${"x".repeat(200)}\n`);
  openBrainLog({ file, maxBytes: 100 }).info("fresh");
  expect(await linesOf(file)).toHaveLength(1);
  expect((await stat(`${file}.1`)).size).toBe(201);
});
