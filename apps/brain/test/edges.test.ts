import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ending, MAIN, makeBrain, type Ended } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";

/** One clear line: a code, what happened, what to do; no stack, and nothing on stdout. */
function expectError(ended: Ended, exit: number, code: string, text: RegExp): void {
  expect(ended.stderr).toContain(code);
  expect(ended.stderr).toMatch(text);
  expect(ended.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m);
  expect(ended.stdout).toBe("");
  expect(ended.code).toBe(exit);
}

describe("wrong input at the edges gives one clear error", () => {
  test("a misspelt key of the config, with file, line and the nearest key", async () => {
    const brain = await makeBrain({ files: { "brains.yaml": "name: x\nplugin:\n  - site-builder\n" } });
    expectError(await brain.run("status"), 2, "CONFIG_INVALID", /brains\.yaml:2.*plugins/s);
  });

  test("a config that is not YAML, with file and line", async () => {
    const brain = await makeBrain({ files: { "brains.yaml": "name: [x\nplugins:\n  - a: b: c\n" } });
    expectError(await brain.run("status"), 2, "CONFIG_INVALID", /brains\.yaml:\d+/);
  });

  test("a named config that is not there", async () => {
    const brain = await makeBrain();
    expectError(await brain.run("status", "--config", "nowhere.yaml"), 3, "CONFIG_NOT_FOUND", /nowhere\.yaml/);
  });

  test("a store from a newer version", async () => {
    const brain = await gatesBrain();
    expect((await brain.run("jobs")).code).toBe(0);
    makeNewer(join(brain.home, "brains.db"));
    expectError(await brain.run("jobs"), 9, "STORE_TOO_NEW", /newer version/);
    expectError(await brain.run("run", "ask"), 9, "STORE_TOO_NEW", /newer version/);
  });

  test("a store that is no store", async () => {
    const brain = await gatesBrain();
    await brain.write(
      ".brains/brains.db",
      "this is not a database, but it is long enough to be taken for one".repeat(20),
    );
    expectError(await brain.run("jobs"), 9, "STORE_UNREADABLE", /brains\.db/);
    expect(await readFile(join(brain.home, "brains.db"), "utf8")).toContain("this is not a database");
  });

  test("a home that may not be written", async () => {
    const brain = await gatesBrain();
    await chmod(brain.dir, 0o555);
    // For root every folder is writable, so root asks as somebody else.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    await chmod(join(brain.dir, ".."), 0o755);
    const child = spawn(process.execPath, [MAIN, "jobs"], { cwd: brain.dir, env: brain.env, ...nobody });
    expectError(await ending(child), 9, "HOME_UNUSABLE", /\.brains/);
    await chmod(brain.dir, 0o755);
  });

  test.skipIf(!mayMount())(
    "a full disk: what was acknowledged stays, and the work goes on when there is room",
    async () => {
      const brain = await gatesBrain("worker:\n  idle: 0\n");
      await mkdir(brain.home);
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", brain.home]).status).toBe(0);
      onTestFinished(async () => {
        await brain.run("worker", "stop");
        spawnSync("umount", ["-l", brain.home]);
      });
      expect((await brain.run("run", "sections", "--count", "5", "--gateAt", "9", "--wait")).code).toBe(0);
      await writeFile(join(brain.home, "balloon"), Buffer.alloc(4 * 1024 * 1024)).catch(() => undefined);
      expectError(
        await brain.run("run", "sections", "--count", "900", "--gateAt", "9"),
        9,
        "STORE_FULL",
        /Free some space/,
      );
      await rm(join(brain.home, "balloon"));
      expect((await brain.json<{ jobs: unknown[] }>("jobs")).jobs).toHaveLength(5);
      expect((await brain.run("run", "sections", "--count", "5", "--gateAt", "9", "--wait")).code).toBe(0);
    },
  );

  test("a home that cannot be a folder", async () => {
    const brain = await gatesBrain();
    await brain.write("file", "x");
    expectError(await brain.run("jobs", "--home", "file/home"), 9, "HOME_UNUSABLE", /file/);
  });

  test("plugin files in a folder that nobody trusted", async () => {
    const brain = await makeBrain({
      trusted: false,
      files: { "brains.yaml": "plugins:\n  - ./own.ts\n", "own.ts": "throw new Error('must not run');\n" },
    });
    const ended = await brain.run("run", "anything");
    expectError(ended, 1, "UNTRUSTED", /brains trust/);
    expect((await brain.run("status")).code).toBe(0);
  });

  test("a plugin that does not load, with file and line", async () => {
    const brain = await makeBrain({
      files: { "brains.yaml": "plugins:\n  - ./own.ts\n", "own.ts": "export default {\n  id: 'own',,\n};\n" },
    });
    expectError(await brain.run("tools"), 1, "PLUGIN_UNREADABLE", /own\.ts/);
  });

  test("a bundled plugin's name misspelt", async () => {
    const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - site-bilder\n" } });
    expectError(await brain.run("tools"), 3, "PLUGIN_NOT_FOUND", /site-builder/);
  });

  test("an unknown tool, with the nearest", async () => {
    const brain = await gatesBrain();
    expectError(await brain.run("run", "section"), 3, "TOOL_NOT_FOUND", /sections/);
  });

  test("a missing field, by name", async () => {
    const brain = await gatesBrain();
    expectError(await brain.run("run", "sections"), 2, "INVALID_INPUT", /count/);
  });

  test("an id that names nothing", async () => {
    const brain = await gatesBrain();
    expectError(await brain.run("status", "999999"), 3, "NOT_FOUND", /999999/);
  });

  test("a worker that cannot start, with the end of its log, and the job is kept", async () => {
    const brain = await gatesBrain();
    await brain.run("status");
    // Plugins load in the front end and fail in the worker, whose environment is another.
    await brain.write("brains.yaml", "plugins:\n  - ./gates.ts\n  - ./picky.ts\n");
    await brain.write(
      "picky.ts",
      'if (process.argv.includes("worker")) throw new Error("no licence on this machine");\nexport default { id: "picky" };\n',
    );
    const ended = await brain.run("run", "steps");
    expect(ended.stderr).toContain("WORKER_NOT_STARTED");
    expect(ended.stderr).toContain("no licence on this machine");
    expect(ended.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m);
    const queue = await brain.queue();
    expect((await queue.service.list()).items).toMatchObject([{ type: "gates:steps", state: "pending" }]);
  });

  test("BRAINS_DEBUG=1 shows the stack that is hidden otherwise", async () => {
    const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - site-bilder\n" } });
    brain.env["BRAINS_DEBUG"] = "1";
    expect((await brain.run("tools")).stderr).toMatch(/^\s+at .+/m);
  });
});

function makeNewer(path: string): void {
  // The app's own better-sqlite3, as a later version would have it.
  const require = createRequire(import.meta.resolve("@brains/job-queue"));
  const Database = require("better-sqlite3") as new (path: string) => { exec(sql: string): void; close(): void };
  const db = new Database(path);
  db.exec("UPDATE bq_meta SET value = 9999 WHERE key = 'schema'");
  db.close();
}

/** Whether this process may mount a small file system to fill it up. */
function mayMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), "brains-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]).status === 0;
  if (mounted) spawnSync("umount", [dir]);
  rmdirSync(dir);
  return mounted;
}
