import { access } from "node:fs/promises";
import { expect, test } from "vitest";
import { definePlugin, defineTool } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import { feeds, flaky, importFeeds } from "./fixtures/feeds.ts";

test("a tool's job runs to its end and gives its result", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const outcome = await brain.run("feeds:import", { urls: ["a", "b"] });
  expect(outcome).toMatchObject({ state: "completed", result: { imported: 2 } });
});

test("a batch runs to its end", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const outcome = await brain.run("feeds:import-each", { urls: ["a", "b", "c"] });
  expect(outcome).toMatchObject({ state: "completed", batch: { completedOperations: 3, totalOperations: 3 } });
});

test("a job is performed by its definition, and its retries cost no time", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  await expect(brain.perform(importFeeds, { urls: ["a"] })).resolves.toEqual({ imported: 1 });
  await expect(brain.perform(flaky, { failures: 2 })).resolves.toBe(3);
  await expect(brain.perform(flaky, { failures: 9 })).rejects.toThrow("feeds:flaky is failed: not yet: 3");
});

test("a delay of days costs no time", async () => {
  const later = definePlugin({
    id: "later",
    jobs: [importFeeds],
    tools: [
      defineTool({
        name: "import",
        description: "Import tomorrow",
        run: (_input, context) => context.enqueueJob(importFeeds, { urls: ["a"] }, { delay: 3 * 86_400_000 }),
      }),
    ],
  });
  await using brain = await createTestShell({ plugins: [later] });
  expect(await brain.run("later:import")).toMatchObject({ state: "completed" });
});

test("a job that asks stops there, and goes on when it was answered", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  const asked = await brain.run("feeds:ask");
  expect(asked).toMatchObject({ state: "waiting_approval" });
  const answered = await brain.decide(asked.job!.number, "approve");
  expect(answered).toMatchObject({ state: "completed", result: { choice: "approve" } });
});

test("a batch stops where only a person can make it go on", async () => {
  await using brain = await createTestShell({ plugins: [feeds] });
  expect(await brain.run("feeds:ask-each")).toMatchObject({
    state: "waiting_approval",
    batch: { status: "processing", completedOperations: 1 },
  });
});

test("files are in the brain's folder, and all is gone when it is disposed of", async () => {
  const brain = await createTestShell({ plugins: [feeds], files: { "content/a.md": "# A" } });
  await access(`${brain.brainDir}/content/a.md`);
  await brain.dispose();
  await expect(access(brain.brainDir)).rejects.toMatchObject({ code: "ENOENT" });
});
