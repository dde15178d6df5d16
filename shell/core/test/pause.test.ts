import { expect, test } from "vitest";
import type { PauseReply, RerunReply, SchedulesReply } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import { feeds } from "./fixtures/feeds.ts";
import { data, status } from "./fixtures/gated.ts";

test("what is paused waits and says so in the status; unpaused, it goes on", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  expect(data<PauseReply>(await brain.call("shell:pause", { name: "feeds" }))).toMatchObject({
    name: "feeds",
    kind: "plugin",
    paused: true,
    changed: true,
    known: true,
  });
  const reply = await brain.call("feeds:import", { urls: ["a"] });
  const number = reply.kind === "queued" ? reply.queued.number : 0;
  await brain.queue.clock.advance(60_000);
  const held = await status(brain);
  expect(held.paused).toEqual([{ name: "feeds", kind: "plugin", since: "2026-01-01T00:00:00.000Z", by: "tester" }]);
  expect(held.operations).toMatchObject([{ number, status: "pending", note: "paused" }]);
  const said = await brain.call("shell:status");
  expect(said.kind === "data" && said.text).toContain("Paused: feeds (1 minute ago by tester).");

  expect(data<PauseReply>(await brain.call("shell:pause", { name: "feeds" })).changed).toBe(false);
  expect(data<PauseReply>(await brain.call("shell:unpause", { name: "feeds" })).message).toBe("feeds goes on.");
  await brain.queue.drain();
  expect((await status(brain)).operations).toMatchObject([{ number, status: "completed" }]);
  expect((await status(brain)).paused).toEqual([]);
  expect(data<PauseReply>(await brain.call("shell:unpause", { name: "feeds" })).message).toBe("feeds was not paused.");
});

test("a type is found by its bare name, a misspelt name is refused with the nearest, and a plugin may be held before its first job", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  expect(data<PauseReply>(await brain.call("shell:pause", { name: "flaky" }))).toMatchObject({
    name: "feeds:flaky",
    kind: "type",
  });
  const misspelt = brain.call("shell:pause", { name: "feds" });
  await expect(misspelt).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: 'Nothing here is called "feds". Did you mean "feeds"?',
  });
  expect(data<PauseReply>(await brain.call("shell:pause", { name: "newsletters" }))).toMatchObject({
    kind: "plugin",
    known: false,
  });
  await expect(brain.call("shell:unpause", { name: "quarterly" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a plugin of which only one type is held can be held itself, before its first job", async () => {
  await using brain = await createTestShell({ plugins: [] });
  await brain.call("shell:pause", { name: "mail:send" });
  expect(data<PauseReply>(await brain.call("shell:pause", { name: "mail" }))).toMatchObject({
    name: "mail",
    kind: "plugin",
    paused: true,
  });
});

test("models and viewers neither pause nor unpause, and see the schedules", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const model = { ...brain.as("operator"), kind: "model" as const };
  for (const caller of [model, brain.as("viewer")]) {
    for (const verb of ["shell:pause", "shell:unpause"])
      await expect(brain.call(verb, { name: "feeds" }, { caller })).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(data<SchedulesReply>(await brain.call("shell:schedules", {}, { caller })).schedules).toEqual([]);
  }
});

test("a schedule is listed with its next times, held by its name, and fires again when it is let go", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.queue.schedules.set({
    name: "nightly",
    cron: "0 3 * * *",
    timezone: "Europe/Berlin",
    job: "feeds:import-feeds",
    data: { urls: ["a"] },
  });
  await brain.queue.schedules.set({
    name: "often",
    every: 5_400_000,
    job: "feeds:import-feeds",
    data: { urls: ["b"] },
  });
  const { schedules } = data<SchedulesReply>(await brain.call("shell:schedules"));
  expect(schedules).toMatchObject([
    { name: "nightly", when: "0 3 * * * (Europe/Berlin)", next: ["2026-01-01T02:00:00.000Z"], nextIn: "in 2 hours" },
    { name: "often", when: "every 90 minutes" },
  ]);
  const [one] = data<SchedulesReply>(await brain.call("shell:schedules", { name: "nightly", next: 2 })).schedules;
  expect(one?.next).toEqual(["2026-01-01T02:00:00.000Z", "2026-01-02T02:00:00.000Z"]);
  await expect(brain.call("shell:schedules", { name: "nihgtly" })).rejects.toThrow('Did you mean "nightly"?');

  expect(data<PauseReply>(await brain.call("shell:pause", { name: "nightly" })).kind).toBe("schedule");
  expect((await status(brain)).paused).toEqual([{ name: "nightly", kind: "schedule" }]);
  const paused = data<SchedulesReply>(await brain.call("shell:schedules", { name: "nightly" })).schedules[0];
  expect(paused).toMatchObject({ paused: true, next: [] });
  await brain.call("shell:unpause", { name: "nightly" });
  expect((await brain.queue.schedules.get("nightly"))?.nextAt).toBe(Date.parse("2026-01-01T02:00:00.000Z"));
});

test("a retry by force says that the worker which had the job was dead", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await brain.run("feeds:import", { urls: ["a"] });
  const reply = data<RerunReply>(await brain.call("shell:retry", { id: 1, force: true }));
  expect(reply.message).toBe("#1 is retried: run 2.");
  expect(reply.forced).toBeUndefined();
});
