import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import type { AnyPlugin } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import type { TestShellOptions } from "@brains/shell/testing";

const job = defineJob({ type: "work", input: z.object({}), run: () => 1 });
const tool = defineTool({ name: "work", description: "Work", run: (_input, context) => context.enqueueJob(job, {}) });

/** What loading this says, when it is refused. */
async function refusal(
  plugin: object,
  more: Partial<TestShellOptions> = {},
): Promise<{ code: string; message: string }> {
  try {
    const brain = await createTestShell({ plugins: [plugin as AnyPlugin], ...more });
    await brain.dispose();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("it was not refused");
}

describe("a plugin is refused at load, by name, when it", () => {
  test.each<[string, object, string]>([
    ["is no plugin at all", { plugin: 5 }, "needs an `id`"],
    ["has no id", { jobs: [] }, "needs an `id`"],
    ["has an id that is no kebab-name", { id: "Site_Builder" }, '"Site_Builder"'],
    ["takes the shell's own name", { id: "shell" }, "the shell's own name"],
    ["has a misspelt hook", { id: "feeds", onstart() {} }, 'unknown key "onstart". Did you mean "start"?'],
    ["has a misspelt key", { id: "feeds", job: [] }, 'unknown key "job". Did you mean "jobs"?'],
    ["has a hook that is no function", { id: "feeds", start: true }, "`start` must be a function, not true"],
    ["has a config that is no schema", { id: "feeds", config: { a: 1 } }, "`config` must be a zod schema"],
    [
      "has a job without a run",
      { id: "feeds", jobs: [{ type: "x", input: z.object({}) }] },
      'The job "x" of the plugin feeds needs `run`',
    ],
    [
      "has a job with an unknown key",
      { id: "feeds", jobs: [{ ...job, maxAttemps: 3 }] },
      'unknown key "maxAttemps". Did you mean "maxAttempts"?',
    ],
    [
      "has a job with another plugin's prefix",
      { id: "feeds", jobs: [{ ...job, type: "notes:work" }] },
      "belongs to notes",
    ],
    [
      "has a job whose name is no kebab-name",
      { id: "feeds", jobs: [{ ...job, type: "importFeeds" }] },
      '"importFeeds", which is not a kebab-name',
    ],
    [
      "has a job type twice",
      { id: "feeds", jobs: [job, { ...job, type: "feeds:work" }] },
      'the job type "feeds:work" twice',
    ],
    [
      "has a tool without a description",
      { id: "feeds", tools: [{ ...tool, description: " " }] },
      "needs a description",
    ],
    [
      "has a tool with an unknown role",
      { id: "feeds", tools: [{ ...tool, role: "operater" }] },
      'Did you mean "operator"?',
    ],
    ["has a tool name twice", { id: "feeds", tools: [tool, tool] }, 'the tool "feeds:work" twice'],
    [
      "has a tool name twice over both forms",
      { id: "feeds", tools: [tool], register: () => ({ tools: [tool] }) },
      'the tool "feeds:work" twice',
    ],
    [
      "returns something odd from register",
      { id: "feeds", register: () => ({ tool: [] }) },
      'unknown key "tool". Did you mean "tools"?',
    ],
    [
      "registers a handler without process",
      {
        id: "feeds",
        register: (c: { registerJobHandler(t: string, h: object): void }) => c.registerJobHandler("x", { proces() {} }),
      },
      "needs `process`",
    ],
  ])("%s", async (_what, plugin, message) => {
    const error = await refusal(plugin);
    expect(error.message).toContain(message);
    expect(["INVALID_PLUGIN", "FOREIGN_NAME"]).toContain(error.code);
  });

  test.each(["resources", "secrets"])("uses %s, which are not there yet", async (key) => {
    const error = await refusal({ id: "feeds", [key]: [] });
    expect(error.code).toBe("NOT_YET");
    expect(error.message).toContain(`\`${key}\``);
  });

  test("is there twice", async () => {
    await expect(
      createTestShell({ plugins: [definePlugin({ id: "feeds" }), definePlugin({ id: "feeds" })] }),
    ).rejects.toMatchObject({
      code: "INVALID_PLUGIN",
      message: expect.stringContaining('Two plugins are called "feeds"'),
    });
  });
});

describe("a plugin's config", () => {
  const plugin = definePlugin({
    id: "feeds",
    config: z.object({ urls: z.array(z.url()), every: z.number().default(60) }),
  });

  test("is refused with the path of each wrong field, and unknown ones with the nearest name", async () => {
    const error = await refusal(plugin, { config: { feeds: { urls: ["https://a.org", "b"], evry: 5 } } });
    expect(error).toMatchObject({ code: "INVALID_PLUGIN_CONFIG" });
    expect(error.message).toContain("plugin feeds");
    expect(error.message).toContain("urls[1]");
    expect(error.message).toContain('"evry". Did you mean "every"?');
  });

  test("is refused where the plugin takes none", async () => {
    expect(await refusal({ id: "notes" }, { config: { notes: { a: 1 } } })).toMatchObject({
      code: "INVALID_PLUGIN_CONFIG",
    });
  });

  test("reaches its hooks, with its defaults", async () => {
    const start = vi.fn<(context: { config: unknown }) => void>();
    await using brain = await createTestShell({ plugins: [{ ...plugin, start }], config: { feeds: { urls: [] } } });
    expect(start.mock.calls[0]?.[0].config).toEqual({ urls: [], every: 60 });
    expect(brain.shell.plugins).toEqual(["feeds"]);
  });
});

describe("a plugin's hooks", () => {
  test("that throw are named with the plugin", async () => {
    const start = () => Promise.reject(new Error("no network"));
    expect(await refusal({ id: "feeds", start })).toMatchObject({
      code: "PLUGIN_FAILED",
      message: "start of the plugin feeds failed: no network",
    });
  });

  test("that never end are given up with the plugin's name", async () => {
    const start = () => new Promise(() => {});
    expect(await refusal({ id: "feeds", start }, { shell: { limits: { start: 20 } } })).toMatchObject({
      code: "PLUGIN_FAILED",
      message: "start of the plugin feeds did not end within 0.02 seconds.",
    });
  });

  test("stop in the reverse order of their start, all of them even if one fails", async () => {
    const order: string[] = [];
    const hooks = (id: string) => ({
      start: () => void order.push(`start ${id}`),
      stop: () => void order.push(`stop ${id}`),
    });
    const failing = { id: "b", ...hooks("b"), stop: () => Promise.reject(new Error("stuck")) };
    const brain = await createTestShell({ plugins: [{ id: "a", ...hooks("a") }, failing] });
    await expect(brain.dispose()).rejects.toThrow("stop of the plugin b failed: stuck");
    expect(order).toEqual(["start a", "start b", "stop a"]);
  });

  test("find a folder of the plugin's own, closed to others", async () => {
    let mode = 0;
    const start = async ({ dataDir }: { dataDir: string }) => void (mode = (await stat(dataDir)).mode & 0o777);
    await using brain = await createTestShell({ plugins: [{ id: "feeds", start }] });
    expect(mode).toBe(0o700);
    expect((await stat(join(brain.home, "data", "feeds"))).isDirectory()).toBe(true);
  });
});

describe("a plugin that does not load", () => {
  test("leaves no handler and no tool behind", async () => {
    const failed: unknown[] = [];
    const broken = definePlugin({
      id: "feeds",
      jobs: [job],
      tools: [tool],
      start: () => Promise.reject(new Error("no")),
    });
    const shell = { onPluginError: (error: unknown) => failed.push(error) };
    await using brain = await createTestShell({ plugins: [broken, definePlugin({ id: "notes" })], shell });
    expect(failed).toHaveLength(1);
    expect(brain.shell.plugins).toEqual(["notes"]);
    expect(brain.queue.service.getRegisteredTypes()).toEqual([]);
    await expect(brain.call("feeds:work")).rejects.toMatchObject({ code: "TOOL_NOT_FOUND" });
  });
});

describe("an unloaded plugin", () => {
  test("takes its tools and handlers along, and leaves its waiting jobs, which are shown as having no handler", async () => {
    const plugin = definePlugin({ id: "feeds", jobs: [job], tools: [tool] });
    await using brain = await createTestShell({ plugins: [plugin] });
    const { number } = await brain.queue.service.enqueue("feeds:work", {}, { delay: 60_000 });
    await brain.shell.unloadPlugin("feeds");
    await expect(brain.call("feeds:work")).rejects.toMatchObject({ code: "TOOL_NOT_FOUND" });
    const reply = await brain.call("shell:status", { id: number });
    expect(reply).toMatchObject({
      data: { operations: [{ status: "pending", note: expect.stringContaining("no handler") }] },
    });

    await brain.shell.loadPlugin(plugin);
    await brain.queue.drain();
    expect(await brain.queue.service.getStatus(number)).toMatchObject({ state: "completed" });
  });
});
