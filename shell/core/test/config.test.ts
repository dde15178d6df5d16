import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configJsonSchema, dataFolder, findBrain, prepareHome } from "@brains/shell";
import { tempFolder } from "./temp-folder.ts";

async function brainWith(yaml: string) {
  const cwd = await tempFolder({ "brains.yaml": yaml });
  return findBrain({ cwd, env: {} });
}

async function problemsOf(yaml: string): Promise<string[]> {
  const cwd = await tempFolder({ "brains.yaml": yaml });
  const error: unknown = await findBrain({ cwd, env: {} }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "CONFIG_INVALID" });
  const { problems } = (error as { data: { problems: string[] } }).data;
  return problems.map((line) => line.replace(join(cwd, "brains.yaml"), "brains.yaml"));
}

describe("a config that is right", () => {
  test("an empty one is a brain with all defaults, called after its folder", async () => {
    const brain = await brainWith("");
    expect(brain.config).toMatchObject({ plugins: [], durability: "power", mcp: { role: "operator" } });
    expect(brain.config.worker).toEqual({ concurrency: 10, idle: 60, grace: 5, shares: {} });
    expect(brain.dir.endsWith(brain.name)).toBe(true);
  });

  test("plugins may be bare words, files and entries with their config", async () => {
    const { config } = await brainWith(`
plugins:
  - site-builder
  - ./plugins/feeds.ts
  - name: notes
    config: { every: 5 }
  - package: "@ada/brains-weather"
`);
    expect(config.plugins).toEqual([
      { name: "site-builder" },
      { path: "./plugins/feeds.ts" },
      { name: "notes", config: { every: 5 } },
      { package: "@ada/brains-weather" },
    ]);
  });

  test("editors get a schema of it that knows the short form of a plugin", () => {
    const schema = configJsonSchema() as {
      properties: Record<string, { items?: unknown }>;
      additionalProperties: unknown;
    };
    expect(Object.keys(schema.properties)).toContain("plugins");
    expect(JSON.stringify(schema.properties["plugins"]?.items)).toContain('"string"');
    expect(schema.additionalProperties).toBe(false);
  });
});

describe("a config that is wrong", () => {
  test("an unknown key is refused with its line and the nearest name", async () => {
    expect(await problemsOf("name: demo\npluggins:\n  - site-builder\n")).toEqual([
      'brains.yaml:2: unknown key "pluggins". Did you mean "plugins"?',
    ]);
  });

  test("an unknown key deep down is refused with its line and the nearest name", async () => {
    expect(await problemsOf("name: demo\nworker:\n  idle: 5\n  concurency: 3\n")).toEqual([
      'brains.yaml:4: unknown key "worker.concurency". Did you mean "concurrency"?',
    ]);
    expect(await problemsOf("plugins:\n  - name: a\n    cofnig: {}\n")).toEqual([
      'brains.yaml:3: unknown key "plugins[0].cofnig". Did you mean "config"?',
    ]);
  });

  test("every problem is told at once, each with its line", async () => {
    const problems = await problemsOf("name: 5\nworker:\n  concurrency: 0\ndurability: fast\n");
    expect(problems.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "brains.yaml:1: name:",
      "brains.yaml:3: worker.concurrency:",
      "brains.yaml:4: durability:",
    ]);
  });

  test("a plugin entry without a name, or with two, is refused", async () => {
    expect(await problemsOf("plugins:\n  - config: {}\n")).toEqual([
      "brains.yaml:2: plugins[0]: give exactly one of name, package and path",
    ]);
    expect(await problemsOf("plugins:\n  - name: a\n    path: ./a.ts\n")).toHaveLength(1);
  });

  test("broken YAML, a key given twice and a tag that would make more than data are refused with the line", async () => {
    expect((await problemsOf("name: [demo\n"))[0]).toMatch(/^brains\.yaml:\d: /);
    expect((await problemsOf("name: a\nname: b\n"))[0]).toMatch(/^brains\.yaml:2: .*unique/);
    expect((await problemsOf("name: !!js/function 'x'\n"))[0]).toMatch(/^brains\.yaml:1: .*tag/);
  });

  test("a list instead of keys is refused", async () => {
    expect((await problemsOf("- site-builder\n"))[0]).toMatch(/^brains\.yaml:1: /);
  });

  test("a bomb of aliases is refused instead of eating the memory", async () => {
    const bomb = ["a0: &a0 [x]"];
    for (let i = 1; i < 30; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(",")}]`,
      );
    expect(await problemsOf(bomb.join("\n"))).toHaveLength(1);
  });

  test("a folder in its place is refused, and not taken for a missing config", async () => {
    const cwd = await tempFolder();
    await mkdir(join(cwd, "brains.yaml"));
    await expect(findBrain({ cwd, env: {} })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(findBrain({ cwd, env: {}, config: "." })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("a --config that does not exist is named", async () => {
    const cwd = await tempFolder();
    await expect(findBrain({ cwd, env: {}, config: "nowhere.yaml" })).rejects.toMatchObject({
      code: "CONFIG_NOT_FOUND",
      message: expect.stringContaining(join(cwd, "nowhere.yaml")),
    });
  });
});

describe("where the home is", () => {
  test("the flag wins over BRAINS_HOME, that over the config, that over .brains beside it", async () => {
    const cwd = await tempFolder({ "brains.yaml": "home: ./stuff\n", "other/brains.yaml": "" });
    const env = { BRAINS_HOME: "/from/env" };
    expect((await findBrain({ cwd, env, home: "flag" })).home).toBe(join(cwd, "flag"));
    expect((await findBrain({ cwd, env })).home).toBe("/from/env");
    expect((await findBrain({ cwd, env: {} })).home).toBe(join(cwd, "stuff"));
    expect((await findBrain({ cwd, env: {}, config: "other" })).home).toBe(join(cwd, "other", ".brains"));
  });

  test("without a config it is the OS's data folder", async () => {
    const cwd = await tempFolder();
    const env = { HOME: "/home/ada" };
    const brain = await findBrain({ cwd, env });
    expect(brain.home).toBe(dataFolder(env));
    expect(brain.configFile).toBeUndefined();
    expect(dataFolder(env, "linux")).toBe("/home/ada/.local/share/brains");
    expect(dataFolder({ ...env, XDG_DATA_HOME: "/data" }, "linux")).toBe("/data/brains");
    expect(dataFolder(env, "darwin")).toBe("/home/ada/Library/Application Support/brains");
  });

  test("it is made for its owner alone, and kept out of git where it is beside the config", async () => {
    const brain = await brainWith("name: demo\n");
    await prepareHome(brain);
    await prepareHome(brain);
    expect((await stat(brain.home)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(brain.home, ".gitignore"), "utf8")).toBe("*\n");
  });

  test("one that was open to others is closed", async () => {
    const brain = await brainWith("name: demo\n");
    await mkdir(brain.home, { mode: 0o755 });
    await chmod(brain.home, 0o755);
    await prepareHome(brain);
    expect((await stat(brain.home)).mode & 0o777).toBe(0o700);
  });

  test("one that cannot be made is named, with what to do", async () => {
    const cwd = await tempFolder({ "brains.yaml": "", taken: "a file" });
    await writeFile(join(cwd, "brains.yaml"), "home: taken/home\n");
    const brain = await findBrain({ cwd, env: {} });
    await expect(prepareHome(brain)).rejects.toMatchObject({
      code: "HOME_UNUSABLE",
      message: expect.stringContaining("--home or BRAINS_HOME"),
    });
  });
});
