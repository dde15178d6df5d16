import { expect, test } from "vitest";
import { z } from "zod";
import type { JobQueue } from "@brains/job-queue";
import { definePlugin, defineJob, defineSchedule } from "@brains/plugin";
import type { AnyPlugin, PluginSchedule } from "@brains/plugin";
import { createShell } from "@brains/shell";
import type { SchedulesReply } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import { data } from "./fixtures/gated.ts";

const BEAT = 5_000;
const ran: string[] = [];
const load = defineJob({ type: "load", input: z.object({ from: z.string() }), run: ({ from }) => void ran.push(from) });
const often: PluginSchedule = defineSchedule({ name: "often", every: BEAT, job: load, data: { from: "a" } });
const nightly: PluginSchedule = {
  name: "feeds:nightly",
  cron: "0 3 * * *",
  timezone: "UTC",
  job: "load",
  data: { from: "b" },
};
const feeds = (...schedules: PluginSchedule[]): AnyPlugin => definePlugin({ id: "feeds", jobs: [load], schedules });
const names = async (queue: JobQueue) => (await queue.schedules.list()).map(({ name }) => name);

test("declared schedules fire the plugin's jobs, with the plugin's own rights, and are listed as its own", async () => {
  await using brain = await createTestShell({ plugins: [feeds(often, nightly)] });
  const { schedules } = data<SchedulesReply>(await brain.call("shell:schedules"));
  expect(schedules).toMatchObject([
    { name: "feeds:nightly", plugin: "feeds", job: "feeds:load", when: "0 3 * * * (UTC)" },
    { name: "feeds:often", plugin: "feeds", job: "feeds:load", when: "every 5 seconds" },
  ]);
  await brain.queue.clock.advance(2 * BEAT);
  await brain.queue.drain({ within: 0 });
  const { items } = await brain.queue.service.list({ type: "feeds:load" });
  expect(items).toHaveLength(2);
  expect(items[0]).toMatchObject({
    state: "completed",
    data: { from: "a" },
    origin: { principal: "plugin:feeds", role: "operator", interface: "schedule" },
  });
});

test("three processes with the same plugin fire each time exactly once", async () => {
  await using brain = await createTestShell({ plugins: [feeds(often)] });
  for (const queue of [await brain.queue.again(), await brain.queue.again()]) {
    await createShell({ queue, plugins: [feeds(often)], brainDir: brain.brainDir, home: brain.home });
    await queue.start();
  }
  expect(await names(brain.queue)).toEqual(["feeds:often"]);
  for (let beat = 0; beat < 4; beat++) await brain.queue.clock.advance(BEAT);
  await brain.queue.drain({ within: 0 });
  const { items } = await brain.queue.service.list({ type: "feeds:load" });
  expect(items.map(({ runAt }) => runAt)).toEqual([...new Set(items.map(({ runAt }) => runAt))]);
  expect(items).toHaveLength(4);
});

test("a schedule goes when the plugin no longer declares it, with the plugin, and not because a process ends; what it enqueued stays", async () => {
  await using brain = await createTestShell({ plugins: [feeds(often, nightly)] });
  await brain.call("shell:pause", { name: "feeds:load" });
  await brain.queue.clock.advance(BEAT);
  const waiting = await brain.queue.service.list({ state: "pending" });
  expect(waiting.items).toHaveLength(1);

  const place = { brainDir: brain.brainDir, home: brain.home };
  const open = async (...plugins: AnyPlugin[]) => {
    const shell = await createShell({ queue: await brain.queue.again(), plugins, ...place });
    await shell.stop();
  };
  await open(feeds(often, nightly));
  expect(await names(brain.queue)).toEqual(["feeds:nightly", "feeds:often"]);
  await open(feeds(nightly));
  expect(await names(brain.queue)).toEqual(["feeds:nightly"]);
  await open();
  expect(await names(brain.queue)).toEqual([]);
  expect((await brain.queue.service.list({ state: "pending" })).items).toHaveLength(1);
});

test("a plugin that does not load today keeps its schedules, and those of an application are nobody's to remove", async () => {
  await using brain = await createTestShell({ plugins: [feeds(often)] });
  const daily = { name: "daily", cron: "@daily", job: "app:work" };
  await brain.queue.schedules.reconcile("application", [daily]);
  const shell = await createShell({
    queue: await brain.queue.again(),
    plugins: [{ plugin: { id: "feeds", tool: [] }, from: "feeds.ts" }],
    brainDir: brain.brainDir,
    home: brain.home,
    onPluginError: () => undefined,
  });
  expect(await names(brain.queue)).toEqual(["daily", "feeds:often"]);
  await shell.stop();
  await brain.shell.unloadPlugin("feeds");
  expect(await names(brain.queue)).toEqual(["daily"]);
});

test("what people paused stays paused when the plugin is loaded again, also with other times", async () => {
  await using brain = await createTestShell({ plugins: [feeds(often)] });
  await brain.call("shell:pause", { name: "often" });
  const place = { brainDir: brain.brainDir, home: brain.home };
  await createShell({ queue: await brain.queue.again(), plugins: [feeds({ ...often, every: 2 * BEAT })], ...place });
  expect(await brain.queue.schedules.get("feeds:often")).toMatchObject({ paused: true, every: 2 * BEAT });
});

test.each<[string, object, string]>([
  ["has an unknown key", { ...often, evry: 1 }, 'unknown key "evry". Did you mean "every"?'],
  ["has no job", { name: "often", every: BEAT }, "needs `job`"],
  ["has a name that is no kebab-name", { ...often, name: "Often" }, "not a kebab-name"],
  ["has another plugin's name", { ...often, name: "notes:often" }, "belongs to notes"],
  ["is called like a job", { ...often, name: "load" }, "has the name of a job"],
  ["has both cron and every", { ...often, cron: "@daily" }, "either cron or every"],
  ["has a cron expression that is none", { ...often, every: undefined, cron: "61 * * * *" }, "not a cron expression"],
  ["has a time zone that is none", { ...nightly, timezone: "Berlin" }, "not a time zone"],
  ["has data that does not fit its job", { ...often, data: { from: 1 } }, "from"],
  ["has a misspelt policy", { ...often, overlap: "skp" }, 'Did you mean "skip"?'],
  ["enqueues a job that the plugin has not", { ...often, job: "laod" }, 'Did you mean "load"?'],
])("a plugin is refused at load when a schedule of it %s", async (_, schedule, message) => {
  const brain = createTestShell({ plugins: [feeds(schedule as PluginSchedule)] });
  await expect(brain).rejects.toThrow(message);
});

test("two schedules of one name are refused", async () => {
  await expect(createTestShell({ plugins: [feeds(often, often)] })).rejects.toThrow('the schedule "feeds:often" twice');
});
