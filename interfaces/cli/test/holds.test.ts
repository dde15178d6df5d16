import { expect, test } from "vitest";
import { brains, openTestBrain, runWords, type TestBrain } from "./rig/brain.ts";

async function withSchedule(): Promise<TestBrain> {
  const brain = await openTestBrain();
  brain.gate.open();
  const data = { name: "ada" };
  const when = { cron: "0 3 * * *", timezone: "UTC", missed: { all: 3 } } as const;
  await brain.shell.queue.schedules.set({ name: "nightly", job: "site:hold", data, label: "Hold", ...when });
  return brain;
}

test("a paused type waits, the status says so and how to let it go on, and unpause does", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  expect(await brains(brain, "pause hold")).toMatchObject({
    code: 0,
    out: " Nothing of site:hold starts until it is unpaused; what runs goes on.\n",
    err: "",
  });
  await brains(brain, "run hold --name ada");
  const { out } = await brains(brain, "status");
  expect(out).toMatch(/^ paused site:hold {2}.* by tester {2}brains unpause site:hold$/m);
  expect(out).toMatch(/#1 .*queued.* paused$/m);
  expect((await brains(brain, "unpause site:hold --json")).json).toMatchObject([
    { v: 1, type: "unpause", data: { name: "site:hold", kind: "type", paused: false, changed: true } },
  ]);
  expect((await brains(brain, "wait 1")).code).toBe(0);
  expect((await brains(brain, "status --json")).json[0]?.data).toMatchObject({ paused: [] });
});

test.each([
  ["pause hodl", 3, /Did you mean "hold"\?/],
  ["unpause hold", 0, /^$/],
  ["pause", 2, /type\|plugin/],
  ["schedules weekly", 3, /no schedule "weekly"/],
  ["schedules nihgtly", 3, /Did you mean "nightly"\?/],
  ["schedules --next none", 2, /from 1 to 1000/],
  ["paus site", 2, /Did you mean brains pause\?/],
])("brains %s ends with %i and says why", async (words, code, message) => {
  expect(await brains(await withSchedule(), words)).toMatchObject({
    code,
    err: expect.stringMatching(message) as string,
  });
});

test("schedules are listed with their next time, and one of them in full", async () => {
  const brain = await withSchedule();
  const list = (await brains(brain, "schedules")).out;
  expect(list).toMatch(/^ NAME +WHEN +NEXT +JOB\n nightly {2}0 3 \* \* \* \(UTC\) {2}\d.* {2}site:hold\n$/);
  const one = (await brains(brain, "schedules nightly --next 3")).out;
  expect(one).toContain("all, at most 3");
  expect(one.match(/\d\d:\d\d$/gm)).toHaveLength(3);
  await brains(brain, "pause nightly");
  expect((await brains(brain, "schedules")).out).toContain("paused");
  expect((await brains(brain, "schedules --json")).json).toMatchObject([
    { v: 1, type: "schedules", data: { schedules: [{ name: "nightly", paused: true, next: [] }] } },
  ]);
});

test("the same verbs work at the prompt", async () => {
  const brain = await withSchedule();
  const ran = await brains(brain, "", { stdin: "/pause site\n/status\n/unpause site\n/schedules\n" });
  expect(ran.code).toBe(0);
  expect(ran.out).toContain("Nothing of site starts");
  expect(ran.out).toMatch(/paused site .*unpause site$/m);
  expect(ran.out).toContain("site goes on.");
  expect(ran.out).toContain("nightly");
});

test("completion knows what can be held, what is held, and the schedules", async () => {
  const brain = await withSchedule();
  await brains(brain, "pause site:hold");
  const offered = async (...words: string[]) =>
    (await runWords(brain, ["complete", "--", ...words])).out.split("\n").map((line) => line.split("\t")[0]);
  expect(await offered("pause", "")).toEqual(["site", "nightly", ""]);
  expect(await offered("unpause", "")).toEqual(["site:hold", ""]);
  expect(await offered("schedules", "n")).toEqual(["nightly", ""]);
});
