import { expect, test } from "vitest";
import { slotAfter, slotsBetween, slotsFrom } from "../src/slots.ts";
import { manualClock, turns } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString());
const cron = (expression: string, timezone: string) => ({ cron: expression, timezone, every: null }) as const;
const HOUR = 3_600_000;
const MINUTE = 60_000;
// Short ones, because a worker has much to do in an hour even on a clock that is moved by hand.
const BEAT = 5_000;

async function openWorking(start: string) {
  const queue = await openQueue({ clock: manualClock(Date.parse(start)) });
  const ran: number[] = [];
  queue.registerHandler("t:tick", {
    process: async () => {
      ran.push(queue.clock.now());
    },
  });
  await queue.start();
  return { queue, ran };
}

test("a fixed time that the clock jumps over runs at the first valid time; one that comes twice runs once", () => {
  const daily = cron("30 2 * * *", "Europe/Berlin");
  expect(iso(slotsFrom(daily, slotAfter(daily, Date.parse("2026-03-27T12:00Z")), 3))).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  expect(iso(slotsFrom(daily, slotAfter(daily, Date.parse("2026-10-24T12:00Z")), 3))).toEqual([
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
    "2026-10-27T01:30:00.000Z",
  ]);
  // Asked in the second pass of the hour, it has had its turn.
  expect(slotAfter(daily, Date.parse("2026-10-25T01:10Z"))).toBe(Date.parse("2026-10-26T01:30Z"));
});

test("every half hour means every half hour on the days on which the clock changes", () => {
  const half = cron("*/30 * * * *", "Europe/Berlin");
  for (const day of ["2026-03-29", "2026-10-25"]) {
    const from = Date.parse(`${day}T00:00Z`);
    expect(slotsFrom(half, slotAfter(half, from), 6)).toEqual([1, 2, 3, 4, 5, 6].map((n) => from + n * 30 * MINUTE));
  }
});

test("the times looked up backwards are those looked up forwards", () => {
  for (const [expression, zone] of [
    ["15,45 1-3 * * *", "America/New_York"],
    ["0 0 * * 1", "Asia/Kolkata"],
    ["30 2 * * *", "Europe/Berlin"],
    ["7,50 * * * *", "Australia/Lord_Howe"],
  ] as const) {
    const timing = cron(expression, zone);
    for (const around of [
      "2026-03-08T05:00Z",
      "2026-03-29T00:00Z",
      "2026-04-04T14:00Z",
      "2026-10-25T00:00Z",
      "2026-11-01T05:00Z",
    ]) {
      const first = slotAfter(timing, Date.parse(around) - 3 * 24 * HOUR) as number;
      const until = Date.parse(around) + 4 * HOUR;
      const forwards = slotsFrom(timing, first, 500).filter((slot) => slot <= until);
      expect(slotsBetween(timing, first, until, 500)).toEqual(forwards);
    }
  }
});

test("an interval fires at every beat, and its jobs know their time", async () => {
  const { queue, ran } = await openWorking("2026-01-01T00:00Z");
  await queue.schedules.set({ name: "beat", every: BEAT, job: "t:tick" });
  await queue.clock.advance(3.5 * BEAT);
  expect(iso(ran)).toEqual(["2026-01-01T00:00:05.000Z", "2026-01-01T00:00:10.000Z", "2026-01-01T00:00:15.000Z"]);
  const { items } = await queue.service.list();
  expect(items.map((job) => job.origin?.principal)).toEqual(Array(3).fill("schedule:beat"));
  expect(await queue.schedules.nextRuns("beat", 2)).toEqual([
    Date.parse("2026-01-01T00:00:20Z"),
    Date.parse("2026-01-01T00:00:25Z"),
  ]);
  expect(await queue.schedules.get("beat")).toMatchObject({ lastJob: items[0]?.number, paused: false });
});

test("a cron schedule fires across the change of the clock in its own time zone", async () => {
  const { queue, ran } = await openWorking("2026-03-28T12:00Z");
  await queue.schedules.set({ name: "morning", cron: "0 9 * * *", timezone: "Europe/Berlin", job: "t:tick" });
  for (const almost of ["2026-03-29T06:59:30Z", "2026-03-30T06:59:30Z"]) {
    queue.clock.set(Date.parse(almost));
    queue.schedules.runner.wake();
    await turns();
    await queue.clock.advance(MINUTE);
  }
  expect(iso(ran)).toEqual(["2026-03-29T07:00:00.000Z", "2026-03-30T07:00:00.000Z"]);
});

test("what was missed while no worker ran is left out, made up for once, or up to the newest n", async () => {
  const queue = await openQueue({ clock: manualClock(Date.parse("2026-01-01T00:00Z")) });
  for (const [name, missed] of [
    ["skip", "skip"],
    ["once", "once"],
    ["all", { all: 3 }],
  ] as const)
    await queue.schedules.set({ name, every: HOUR, job: `t:${name}`, missed, overlap: "parallel" });
  await queue.clock.advance(5 * HOUR + 30 * MINUTE);
  const again = await queue.again();
  await again.start();
  await turns();
  const made = async (type: string) => (await again.service.list({ type })).items.map((job) => job.runAt).reverse();
  const at = (hour: number) => Date.parse("2026-01-01T00:00Z") + hour * HOUR;
  expect(await made("t:skip")).toEqual([]);
  expect(await made("t:once")).toEqual([at(5)]);
  expect(await made("t:all")).toEqual([at(3), at(4), at(5)]);
  for (const name of ["skip", "once", "all"]) expect((await again.schedules.get(name))?.nextAt).toBe(at(6));
});

test("overlap: the time is left out, the job waits for the one before, or both run", async () => {
  const queue = await openQueue({ clock: manualClock(Date.parse("2026-01-01T00:00Z")) });
  const slow = gate();
  queue.registerHandler("t:slow", { process: async () => slow.opened });
  await queue.start();
  for (const overlap of ["skip", "queue", "parallel"] as const)
    await queue.schedules.set({ name: overlap, every: BEAT, job: "t:slow", label: overlap, overlap });
  await queue.clock.advance(2 * BEAT + 1);
  const states = async () => {
    const { items } = await queue.service.list();
    const of = (label: string) => items.filter((job) => job.label === label).map((job) => job.state);
    return { skip: of("skip"), queue: of("queue"), parallel: of("parallel") };
  };
  expect(await states()).toEqual({
    skip: ["processing"],
    queue: ["blocked", "processing"],
    parallel: ["processing", "processing"],
  });
  expect(await codeOf(queue.schedules.run("skip"))).toBe("INVALID_STATE");
  slow.open();
  await turns(30);
  expect((await states()).queue).toEqual(["completed", "completed"]);
  expect((await queue.schedules.run("skip")).number).toBeGreaterThan(0);
});

test("several processes fire each time exactly once", async () => {
  const { queue } = await openWorking("2026-01-01T00:00Z");
  const others = await Promise.all([queue.again(), queue.again(), queue.again()]);
  for (const other of others) await other.start();
  await queue.schedules.set({ name: "beat", every: BEAT, job: "t:tick", overlap: "parallel" });
  for (const other of others) other.schedules.runner.wake();
  await turns();
  for (let i = 0; i < 10; i++) await queue.clock.advance(BEAT);
  await turns(30);
  const { items } = await queue.service.list({ type: "t:tick" });
  expect(new Set(items.map((job) => job.runAt)).size).toBe(10);
  expect(items).toHaveLength(10);
});

test("a clock that is set back fires no time twice and does not wait for the old one to come again", async () => {
  const { queue } = await openWorking("2026-01-01T12:00:00Z");
  await queue.schedules.set({ name: "cron", cron: "*/10 * * * * *", timezone: "UTC", job: "t:tick" });
  await queue.schedules.set({ name: "every", every: 10_000, job: "t:tick", label: "every" });
  await queue.clock.advance(30_000);
  queue.clock.set(Date.parse("2026-01-01T10:00:00Z"));
  await queue.clock.advance(100_000);
  const times = async (label?: string) =>
    (await queue.service.list({ limit: 100 })).items.filter((job) => job.label === label).map((job) => job.runAt);
  const early = async (label?: string) => (await times(label)).filter((time) => time < Date.parse("2026-01-01T11:00Z"));
  // At most a minute passes until the clock is looked at again.
  expect((await early()).length).toBeGreaterThanOrEqual(4);
  expect((await early("every")).length).toBeGreaterThanOrEqual(3);
  // Over the time that was lived through already: nothing again.
  queue.clock.set(Date.parse("2026-01-01T11:59:50Z"));
  await queue.clock.advance(60_000);
  const all = await times();
  expect(new Set(all).size).toBe(all.length);
  expect(iso([Math.max(...all)])).toEqual(["2026-01-01T12:00:50.000Z"]);
});

test("a clock that jumps forward counts as missed time", async () => {
  const { queue } = await openWorking("2026-01-01T00:00Z");
  await queue.schedules.set({ name: "hourly", cron: "0 * * * *", timezone: "UTC", job: "t:tick" });
  queue.clock.set(Date.parse("2026-01-02T00:30Z"));
  await queue.clock.advance(MINUTE);
  expect((await queue.service.list({ type: "t:tick" })).items.map((job) => job.runAt)).toEqual([
    Date.parse("2026-01-02T00:00Z"),
  ]);
});

test("a paused schedule fires nothing, and goes on from the moment it is unpaused", async () => {
  const { queue, ran } = await openWorking("2026-01-01T00:00Z");
  await queue.schedules.set({ name: "beat", every: BEAT, job: "t:tick" });
  await queue.schedules.pause("beat");
  await queue.clock.advance(10 * BEAT);
  expect(ran).toEqual([]);
  expect(await queue.schedules.nextRuns("beat")).toEqual([]);
  await queue.schedules.unpause("beat");
  await queue.clock.advance(BEAT);
  expect(ran).toHaveLength(1);
  await queue.schedules.delete("beat");
  await queue.clock.advance(10 * BEAT);
  expect(ran).toHaveLength(1);
  expect(await codeOf(queue.schedules.nextRuns("beat"))).toBe("SCHEDULE_NOT_FOUND");
});

test("the schedules of an owner become those declared; its beat and what people paused stay", async () => {
  const { queue } = await openWorking("2026-01-01T00:00Z");
  const hourly = { name: "p:hourly", every: HOUR, job: "t:tick" };
  await queue.schedules.reconcile("p", [hourly, { name: "p:gone", every: HOUR, job: "t:tick" }]);
  await queue.schedules.set({ name: "mine", every: HOUR, job: "t:tick" });
  await queue.clock.advance(30_000);
  await queue.schedules.pause("p:gone");
  await queue.schedules.reconcile("p", [
    { ...hourly, label: "new" },
    { name: "p:gone", every: HOUR, job: "t:tick" },
  ]);
  expect(await queue.schedules.get("p:hourly")).toMatchObject({
    label: "new",
    nextAt: Date.parse("2026-01-01T01:00Z"),
  });
  expect(await queue.schedules.get("p:gone")).toMatchObject({ paused: true });
  await queue.schedules.reconcile("p", [hourly]);
  expect((await queue.schedules.list()).map(({ name }) => name)).toEqual(["mine", "p:hourly"]);
  expect(await codeOf(queue.schedules.set(hourly))).toBe("INVALID_STATE");
});

test("a worker with a schedule does not retire; with a paused one it does", async () => {
  const { queue } = await openWorking("2026-01-01T00:00Z");
  await queue.schedules.set({ name: "beat", every: HOUR, job: "t:tick" });
  expect(await queue.retireIfIdle()).toBe(false);
  await queue.schedules.pause("beat");
  expect(await queue.retireIfIdle()).toBe(true);
});

test.each([
  [{ name: "x", job: "t:tick" }, "either cron or every"],
  [{ name: "x", job: "t:tick", cron: "* * * * *", every: 5_000 }, "either cron or every"],
  [{ name: "x", job: "t:tick", cron: "61 * * * *" }, "not a cron expression"],
  [{ name: "x", job: "t:tick", cron: "0 0 30 2 *" }, "never comes due"],
  [{ name: "x", job: "t:tick", cron: "* * * * *", timezone: "Mars/Crater" }, "not a time zone"],
  [{ name: "x", job: "t:tick", every: 10 }, "every must be"],
  [{ name: "a b", job: "t:tick", every: 5_000 }, "name of a schedule"],
  [{ name: "x", job: "not a type", every: 5_000 }, "is not a job type"],
  [{ name: "x", job: "t:tick", every: 5_000, missed: { all: 0 } }, "missed.all must be"],
  [{ name: "x", job: "t:tick", every: 5_000, overlap: "cancel" as never }, "overlap must be"],
])("the schedule %j is refused", async (definition, said) => {
  const queue = await openQueue();
  await expect(queue.schedules.set(definition)).rejects.toThrow(said);
});

test("a schedule that is changed by a process without a worker reaches the one that fires", async () => {
  const { queue, ran } = await openWorking("2026-01-01T00:00Z");
  const frontEnd = await queue.again();
  const seen = new Promise<void>((resolve) => {
    const foreign = queue.schedules.runner.foreign.bind(queue.schedules.runner);
    queue.schedules.runner.foreign = () => {
      foreign();
      resolve();
    };
  });
  await frontEnd.schedules.set({ name: "beat", every: 5_000, job: "t:tick" });
  await seen;
  await turns();
  await queue.clock.advance(5_000);
  expect(ran).toHaveLength(1);
});
