import { execFile } from "node:child_process";
import { access, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findBrain, fingerprintOf, openTrustStore } from "@brains/shell";
import { tempFolder } from "./temp-folder.ts";

const run = promisify(execFile);
const LOADER = fileURLToPath(new URL("fixtures/load-brain.ts", import.meta.url));

const PLUGIN = `
import { defineJob, definePlugin } from "@brains/plugin";
import { z } from "zod";
import { greeting } from "./greeting.ts";

const hello = defineJob({ type: "hello", input: z.object({ name: z.string() }), run: ({ name }) => greeting(name) });
const config: { loud: boolean } = { loud: true };
export default definePlugin({ id: "own", version: config.loud ? "1.0.0" : "0", jobs: [hello] });
`;
const GREETING = `export const greeting = (name: string): string => \`Hello \${name}\`;\n`;

interface Outcome {
  readonly plugins?: {
    plugin: { id: string; version?: string; jobs?: { type: string }[] };
    config?: unknown;
    from: string;
  }[];
  readonly code?: string;
  readonly message?: string;
  readonly stderr: string;
}

/** Loads the brain in a real Node process, in a folder that has no node_modules anywhere above it. */
async function loadBrain(dir: string, settings: { trusted: boolean }): Promise<Outcome> {
  const configHome = await tempFolder();
  const env = { ...process.env, BRAINS_CONFIG_HOME: configHome, NODE_OPTIONS: "" };
  if (settings.trusted) await openTrustStore(env).trust(dir);
  const { stdout, stderr } = await run(process.execPath, [LOADER], { cwd: dir, env });
  return { ...(JSON.parse(stdout) as Omit<Outcome, "stderr">), stderr };
}

function brainFiles(plugin: string, more: Readonly<Record<string, string>> = {}) {
  return {
    "brains.yaml": "plugins:\n  - path: ./plugins/own.ts\n    config: { a: 1 }\n",
    "plugins/own.ts": plugin,
    ...more,
  };
}

describe("a brain's own plugin files", () => {
  test("import @brains/plugin and zod without any node_modules, and each other, in TypeScript", async () => {
    const dir = await tempFolder(brainFiles(PLUGIN, { "plugins/greeting.ts": GREETING }));
    const { plugins, stderr } = await loadBrain(dir, { trusted: true });
    expect(plugins).toMatchObject([
      {
        plugin: { id: "own", version: "1.0.0", jobs: [{ type: "hello" }] },
        config: { a: 1 },
        from: "./plugins/own.ts",
      },
    ]);
    expect(stderr).toBe("");
  });

  test("are modules whatever the folder's package.json says, and nobody is warned", async () => {
    for (const type of ['{ "name": "x" }', '{ "name": "x", "type": "commonjs" }']) {
      const dir = await tempFolder(brainFiles(PLUGIN, { "plugins/greeting.ts": GREETING, "package.json": type }));
      expect(await loadBrain(dir, { trusted: true })).toMatchObject({
        plugins: [{ plugin: { id: "own" } }],
        stderr: "",
      });
    }
  });

  test("load from a folder whose name a URL must escape", async () => {
    const parent = await tempFolder(
      Object.fromEntries(
        Object.entries(brainFiles(PLUGIN, { "plugins/greeting.ts": GREETING })).map(([name, text]) => [
          `my brain #1 100%/${name}`,
          text,
        ]),
      ),
    );
    const { plugins } = await loadBrain(join(parent, "my brain #1 100%"), { trusted: true });
    expect(plugins).toMatchObject([{ plugin: { id: "own" } }]);
  });

  test("do not run in a folder that is not trusted", async () => {
    const dir = await tempFolder(
      brainFiles(`import { writeFileSync } from "node:fs";\nwriteFileSync("ran", "");\nexport default {};`),
    );
    const outcome = await loadBrain(dir, { trusted: false });
    expect(outcome).toMatchObject({ code: "UNTRUSTED", message: expect.stringContaining(`brains trust ${dir}`) });
    await expect(access(join(dir, "ran"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("are not reached through a link that leads out of the trusted folder", async () => {
    const outside = await tempFolder({ "evil.ts": "export default {};" });
    const dir = await tempFolder({ "brains.yaml": "plugins:\n  - ./linked.ts\n" });
    await symlink(join(outside, "evil.ts"), join(dir, "linked.ts"));
    expect(await loadBrain(dir, { trusted: true })).toMatchObject({
      code: "UNTRUSTED",
      message: expect.stringContaining("outside"),
    });
  });

  test("that are missing are named", async () => {
    const dir = await tempFolder({ "brains.yaml": "plugins:\n  - ./plugins/own.ts\n" });
    expect(await loadBrain(dir, { trusted: true })).toMatchObject({
      code: "PLUGIN_NOT_FOUND",
      message: expect.stringContaining("./plugins/own.ts"),
    });
  });

  test("with a syntax error are named with the line", async () => {
    const dir = await tempFolder(brainFiles("const a = 1;\nconst b = ;\nexport default a;\n"));
    const outcome = await loadBrain(dir, { trusted: true });
    expect(outcome).toMatchObject({ code: "PLUGIN_UNREADABLE" });
    expect(outcome.message).toContain("plugins/own.ts:2");
  });

  test("that throw while they load are named with the line", async () => {
    const dir = await tempFolder(brainFiles("const a = 1;\n\nthrow new Error(`no ${a}`);\n"));
    const outcome = await loadBrain(dir, { trusted: true });
    expect(outcome).toMatchObject({ code: "PLUGIN_UNREADABLE" });
    expect(outcome.message).toContain("no 1");
    expect(outcome.message).toContain("plugins/own.ts:3");
  });

  test("without a default export are told what they export instead", async () => {
    const dir = await tempFolder(brainFiles("export const feeds = {};\n"));
    expect(await loadBrain(dir, { trusted: true })).toMatchObject({
      code: "PLUGIN_UNREADABLE",
      message: expect.stringContaining("exports only feeds"),
    });
  });

  test("that import something that is not there are named with it", async () => {
    const dir = await tempFolder(brainFiles(`import "./nowhere.ts";\nexport default {};\n`));
    expect(await loadBrain(dir, { trusted: true })).toMatchObject({
      code: "PLUGIN_UNREADABLE",
      message: expect.stringContaining("nowhere.ts"),
    });
  });

  test("may come as a package in the brain's own node_modules, which gets the app's copy of what it does not bring", async () => {
    const dir = await tempFolder({
      "brains.yaml": "plugins:\n  - package: brains-weather\n",
      "node_modules/brains-weather/package.json": `{ "name": "brains-weather", "version": "2.0.0", "type": "module", "exports": { "import": "./main.js" } }`,
      "node_modules/brains-weather/main.js": `import { definePlugin } from "@brains/plugin";\nexport default definePlugin({ id: "weather" });\n`,
    });
    expect((await loadBrain(dir, { trusted: true })).plugins).toMatchObject([
      { plugin: { id: "weather" }, from: "brains-weather" },
    ]);
  });

  test("as a package that is not installed, or a name that nobody knows, are refused", async () => {
    const missing = await tempFolder({ "brains.yaml": "plugins:\n  - package: brains-weather\n" });
    expect(await loadBrain(missing, { trusted: true })).toMatchObject({
      code: "PLUGIN_NOT_FOUND",
      message: expect.stringContaining("npm"),
    });
    const unknown = await tempFolder({ "brains.yaml": "plugins:\n  - site-bilder\n" });
    expect(await loadBrain(unknown, { trusted: true })).toMatchObject({ code: "PLUGIN_NOT_FOUND" });
  });
});

describe("trust", () => {
  test("is remembered for the folder itself, under all its names, and for no other", async () => {
    const env = { BRAINS_CONFIG_HOME: await tempFolder() };
    const dir = await tempFolder({ "inner/file": "" });
    const link = join(await tempFolder(), "link");
    await symlink(dir, link);
    const store = openTrustStore(env);
    expect(await store.isTrusted(dir)).toBe(false);
    expect(await store.trust(link)).toBe(true);
    expect(await store.trust(dir)).toBe(false);
    expect(await openTrustStore(env).isTrusted(dir)).toBe(true);
    expect(await store.isTrusted(link)).toBe(true);
    expect(await store.isTrusted(join(dir, "inner"))).toBe(false);
  });

  test("that many processes give at once is all kept", async () => {
    const env = { BRAINS_CONFIG_HOME: await tempFolder() };
    const dirs = await Promise.all(Array.from({ length: 10 }, () => tempFolder()));
    await Promise.all(dirs.map((dir) => openTrustStore(env).trust(dir)));
    const kept = await Promise.all(dirs.map((dir) => openTrustStore(env).isTrusted(dir)));
    expect(kept.every(Boolean)).toBe(true);
  });

  test("that cannot be stored is an error that says where, and what to do", async () => {
    const taken = join(await tempFolder({ taken: "" }), "taken");
    await expect(openTrustStore({ BRAINS_CONFIG_HOME: taken }).trust(await tempFolder())).rejects.toMatchObject({
      code: "TRUST_NOT_STORED",
      message: expect.stringMatching(/taken.*BRAINS_CONFIG_HOME.*brains trust/) as string,
    });
  });

  test("in a folder that does not exist is refused", async () => {
    const store = openTrustStore({ BRAINS_CONFIG_HOME: await tempFolder() });
    await expect(store.trust("/no/such/folder")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a worker's fingerprint", () => {
  const app = { version: "1.0.0", bundled: {} };
  const of = async (dir: string, other: Partial<typeof app> = {}) =>
    fingerprintOf(await findBrain({ cwd: dir, env: {} }), { ...app, ...other });

  test("changes with the config, the app, a plugin file and what that imports, and with nothing else", async () => {
    const dir = await tempFolder(brainFiles(PLUGIN, { "plugins/greeting.ts": GREETING, "content/page.md": "a" }));
    const before = await of(dir);
    expect(await of(dir)).toBe(before);
    await writeFile(join(dir, "content/page.md"), "b");
    expect(await of(dir)).toBe(before);
    expect(await of(dir, { version: "1.0.1" })).not.toBe(before);
    await writeFile(join(dir, "plugins/greeting.ts"), `${GREETING}// changed\n`);
    const after = await of(dir);
    expect(after).not.toBe(before);
    await writeFile(join(dir, "brains.yaml"), `name: other\n${brainFiles(PLUGIN)["brains.yaml"]}`);
    expect(await of(dir)).not.toBe(after);
  });

  test("is made without running any plugin", async () => {
    const dir = await tempFolder(brainFiles(`throw new Error("this must not run");`));
    expect(await of(dir)).toMatch(/^[0-9a-f]{32}$/);
  });

  test("changes with the version of a bundled plugin that the config names", async () => {
    const dir = await tempFolder({ "brains.yaml": "plugins: [notes]\n" });
    const notes = (version: string) => ({
      bundled: { notes: { version, load: () => Promise.reject(new Error("must not load")) } },
    });
    expect(await of(dir, notes("1"))).not.toBe(await of(dir, notes("2")));
  });
});
