import { realpathSync } from "node:fs";
import { expect, test } from "vitest";
import { brains, openTestBrain } from "./rig/brain.ts";

test("policy test says which rule decides, with risk and reasons, and runs nothing", async () => {
  const brain = await openTestBrain();
  const { code, out } = await brains(brain, "policy test -- rm -rf build --json");
  expect(code).toBe(0);
  expect(out).toBe(
    [
      " approve  It would wait for a person.",
      " rule     built-in: everything else",
      " risk     60 of 100",
      ` program  ${realpathSync("/bin/rm")}`,
      ` folder   ${brain.shell.brainDir}`,
      " because  removes files",
      "          removes whole folders",
      "",
    ].join("\n"),
  );
  const { json } = await brains(brain, "policy test --json --env LD_PRELOAD --env X -- ls -la");
  expect(json).toMatchObject([{ v: 1, type: "error", data: { code: "PROGRAM_ENVIRONMENT" } }]);
  expect((await brains(brain, "policy test --json -- ls -la")).json).toMatchObject([
    { v: 1, type: "judgement", data: { outcome: "allow", rule: "built-in: list files", risk: 0, reasons: [] } },
  ]);
});

test("policy lists the rules, the folders and the risks", async () => {
  const brain = await openTestBrain();
  const { out } = await brains(brain, "policy");
  expect(out).toMatch(/^ OUTCOME +RULE +PROGRAM +ARGUMENTS\n/);
  expect(out).toMatch(/^ approve +built-in: everything else +any +any$/m);
  expect(out).toMatch(/^ asked by risk +from 70$/m);
  expect((await brains(brain, "policy --json")).json).toMatchObject([
    { type: "policy", data: { thresholds: { approve: 70, deny: 101 }, env: [] } },
  ]);
});

test.each([
  ["policy test", 2, /Which command\?/],
  ["policy tets -- ls", 2, /There is no policy tets/],
  ["policy test ls -la", 2, /-la/],
  ["policy test -- no-such-program", 3, /no-such-program/],
  ["policy test --cwd nowhere -- ls", 1, /nowhere/],
])("brains %s ends with %i and says why", async (words, code, message) => {
  expect(await brains(await openTestBrain(), words)).toMatchObject({
    code,
    err: expect.stringMatching(message) as string,
  });
});
