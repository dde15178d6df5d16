import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ending, makeBrain, MAIN } from "./brain-kit.ts";

test("a new brain works at once: its plugin runs, its notes become a site, and no node_modules is needed", async () => {
  const brain = await makeBrain({ trusted: false });
  const made = await brain.run("init", ".");
  expect(made).toMatchObject({ code: 0 });
  expect((await readdir(brain.dir)).toSorted()).toEqual([".brains", ".gitignore", "brains.yaml", "content", "plugins"]);
  expect(existsSync(join(brain.dir, "node_modules"))).toBe(false);

  const hello = await brain.run("run", "hello", "--name", "Ada", "--wait");
  expect(hello).toMatchObject({ code: 0 });
  expect(hello.stdout).toContain("Hello Ada");

  for (const tool of ["generate-all", "promote-all", "build-site"]) {
    expect(await brain.run("run", tool, "--wait")).toMatchObject({ code: 0 });
  }
  expect(await readFile(join(brain.dir, "site", "index.html"), "utf8")).toContain("Welcome");
});

test("init never overwrites, and writes nothing when it would", async () => {
  const brain = await makeBrain({ trusted: false, files: { "brains.yaml": "# mine\n" } });
  const refused = await brain.run("init", ".");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("ALREADY_EXISTS");
  expect(refused.stderr).toContain("brains.yaml");
  expect(await readdir(brain.dir)).toEqual(["brains.yaml"]);
  expect(await readFile(join(brain.dir, "brains.yaml"), "utf8")).toBe("# mine\n");
});

test("init in a place that cannot be a folder says so", async () => {
  const brain = await makeBrain({ trusted: false, files: { file: "x" } });
  const refused = await brain.run("init", "file/brain");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("FOLDER_UNUSABLE");
});

test.skipIf(!existsSync("/proc"))("a folder in which none can be made is refused and not tried for ever", async () => {
  const brain = await makeBrain({ trusted: false });
  expect((await brain.run("init", "/proc/brain/inner")).stderr).toContain("FOLDER_UNUSABLE");
  expect((await brain.run("status", "--home", "/proc/home")).stderr).toContain("HOME_UNUSABLE");
});

test("`--version` and `status` load little: no plugin, no prompt, no MCP", async () => {
  const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - site-builder\n" } });
  const loaded = (...args: string[]): string => {
    const ended = spawnSync(process.execPath, ["--import", TRACE, MAIN, ...args], {
      cwd: brain.dir,
      env: brain.env,
      encoding: "utf8",
    });
    expect(ended.status).toBe(0);
    return ended.stderr;
  };
  expect(
    loaded("--version")
      .split("\n")
      .filter((line) => line.startsWith("loaded file:")),
  ).toHaveLength(2);
  expect(loaded("status")).toContain("better-sqlite3");
  expect(loaded("status")).not.toMatch(
    /node_modules\/(ink|react|yoga-layout|pino)\/|plugin-site-builder|remark|modelcontextprotocol/,
  );
});

/** Names every module on stderr as it is loaded. */
const TRACE = `data:text/javascript,${encodeURIComponent(
  'import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { process._rawDebug("loaded " + url); return next(url, context); } });',
)}`;

test("without a config the brain lives in the OS's data folder", async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), "brains-none-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, [MAIN, "status"], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: root, XDG_DATA_HOME: join(root, "data") },
  });
  expect(await ending(child)).toMatchObject({ code: 0 });
  expect(await readdir(root)).toEqual(["data"]);
});
