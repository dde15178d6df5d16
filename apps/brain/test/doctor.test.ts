import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DoctorReport } from "@brains/cli";
import { expect, test } from "vitest";
import { makeBrain } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";

const levels = ({ findings }: DoctorReport) =>
  Object.fromEntries(findings.filter(({ level }) => level !== "ok").map(({ check, level }) => [check, level]));

test("a brain in order is told so while its worker runs, and its store is copied meanwhile", async () => {
  const brain = await gatesBrain();
  await brain.json("run", "sections", "--count", "3", "--gateAt", "9", "--wait");
  await brain.worker();
  const told = await brain.run("doctor");
  expect(told).toMatchObject({ code: 0, stderr: "" });
  expect(told.stdout).toContain("All is in order.");
  const { bytes } = await brain.json<{ bytes: number }>("doctor", "--backup", "copy.db");
  expect(statSync(join(brain.dir, "copy.db"))).toMatchObject({ size: bytes });
  expect(await brain.run("doctor", "--backup", "copy.db")).toMatchObject({ code: 2 });
});

test("a damaged store is diagnosed, salvaged while nothing works on it, and goes on in its place", async () => {
  const brain = await gatesBrain();
  await brain.json("run", "sections", "--count", "3", "--gateAt", "9", "--wait");
  expect((await brain.run("doctor", "--salvage", "new.db")).stderr).toContain("Stop them first");
  await brain.run("worker", "stop");
  const store = join(brain.home, "brains.db");
  const file = openSync(store, "r+");
  writeSync(file, Buffer.alloc(16), 0, 16, 0);
  closeSync(file);

  expect((await brain.run("status")).stderr).toMatch(/damaged.*doctor/s);
  const told = await brain.run("doctor", "--json");
  expect(told.code).toBe(1);
  expect(levels((JSON.parse(told.stdout) as { data: DoctorReport }).data)).toEqual({ file: "error" });
  const report = await brain.json<{ jobs: number }>("doctor", "--salvage", "new.db");
  expect(report).toMatchObject({ jobs: 3, batches: 1, lost: [] });

  for (const ending of ["-wal", "-shm"]) rmSync(`${store}${ending}`, { force: true });
  renameSync(store, `${store}.damaged`);
  renameSync(join(brain.dir, "new.db"), store);
  expect((await brain.run("doctor")).code).toBe(0);
  expect((await brain.run("jobs", "--state", "done")).stdout).toMatch(/(?:done[^]*){3}/);
});

test("what is wrong with the config or a plugin is a finding with its next step", async () => {
  const wrong = await makeBrain({ files: { "brains.yaml": "plugin: []\n" } });
  const config = await wrong.run("doctor");
  expect(config.code).toBe(1);
  expect(config.stdout).toMatch(/error +config .*unknown key "plugin"/);
  const broken = await makeBrain({ files: { "brains.yaml": "plugins:\n  - ./a.ts\n", "a.ts": "export default 1 +;" } });
  expect((await broken.run("doctor")).stdout).toMatch(/error +plugins +/);
  const files = { "brains.yaml": "plugins:\n  - ./a.ts\n", "a.ts": "throw new Error('it ran')" };
  const untrusted = await makeBrain({ files, trusted: false });
  expect((await untrusted.run("doctor")).stdout).toMatch(/warn +plugins +/);
});
