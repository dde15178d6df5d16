// The code of the pages is written to a folder as a reader would, and run.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import siteBuilder from "../plugins/site-builder/src/index.ts";
import { configSchema } from "../plugins/site-builder/src/config.ts";
import { parseSiteDefinition } from "../plugins/site-builder/src/plan/site-definition.ts";
import { wireName } from "../interfaces/mcp/src/wire-names.ts";
import { parseConfig } from "../shell/core/src/config/read.ts";
import { createTestShell } from "../shell/core/src/testing/index.ts";
import { readPage, readPages, rowsUnder } from "./docs-pages.ts";
import { root } from "./packages.ts";

const run = promisify(execFile);
const MAIN = join(root, "apps/brain/src/main.ts");

/** Several processes, one after the other, on a machine that may be busy. */
const SLOW = { timeout: 60_000 };

/** What a reader links from the checkout. */
const LINKS = {
  "@brains/plugin": "shared/plugin",
  "@brains/shell": "shell/core",
  "@brains/job-queue": "shared/job-queue",
  zod: "shared/plugin/node_modules/zod",
  "@types/node": "node_modules/@types/node",
};

/** A folder with the named files of a page. */
async function folderOf(page: string, options: { readonly links: boolean }): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "brains-docs-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const { file, text } of readPage(page).blocks) {
    if (file === undefined) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  for (const [name, target] of Object.entries(options.links ? LINKS : {})) {
    await mkdir(dirname(join(folder, "node_modules", name)), { recursive: true });
    await symlink(join(root, target), join(folder, "node_modules", name));
  }
  return folder;
}

/** A user of their own: nothing of this machine's brains is seen or changed. */
function envOf(folder: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: join(folder, "home"), TMPDIR: process.env["TMPDIR"] };
}

const node = (folder: string, ...args: string[]) => run(process.execPath, args, { cwd: folder, env: envOf(folder) });

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

/** What a console block shows after a command. */
function shownAfter(page: string, command: string): string {
  const block = readPage(page).blocks.find(({ text }) => text.startsWith(`$ ${command}\n`));
  return (block?.text ?? "").slice(command.length + 3).trimEnd();
}

describe("the first plugin", SLOW, () => {
  const page = "docs/first-plugin.md";

  test("runs in a brain that has nothing but the file", async () => {
    const brain = await folderOf(page, { links: false });
    const brains = (...args: string[]) => node(brain, MAIN, ...args);
    const config = readPage(page).blocks.find(({ language }) => language === "yaml")?.text ?? "";
    await writeFile(join(brain, "brains.yaml"), `${config}  - ./plugins/clean.ts\n`);
    await mkdir(join(brain, "content"));
    await writeFile(join(brain, "content/a.md"), "one two\n");
    await writeFile(join(brain, "content/b.md"), "three\n");
    await brains("trust");
    onTestFinished(async () => void (await brains("worker", "stop")));
    const { stdout } = await brains("run", "count", "--wait", "60", "--json");
    const { data } = JSON.parse(stdout) as {
      data: { operations: { number: number }[]; results: Record<string, unknown> };
    };
    expect(Object.values(data.results)).toEqual([{ files: 2, words: 3 }]);
    const { stdout: tools } = await brains("tools");
    expect(tools).toContain("Delete the files of a folder, after a person agreed.");
  });

  test("passes the tests that the page shows", async () => {
    const folder = await folderOf(page, { links: true });
    const { stdout } = await node(folder, "--test", "--test-reporter=tap", "test/words.test.ts");
    expect(stdout).toContain("# pass 3");
  });
});

describe("the queue alone", SLOW, () => {
  const page = "docs/job-queue.md";

  test("runs a job in one process and prints what the page says", async () => {
    const folder = await folderOf(page, { links: true });
    const { stdout } = await node(folder, "first.ts");
    expect(stdout.trim()).toBe(shownAfter(page, "node first.ts"));
  });

  test("runs a batch in a worker of its own and prints what the page says", async () => {
    const folder = await folderOf(page, { links: true });
    const worker = spawn(process.execPath, ["worker.ts"], {
      cwd: folder,
      env: envOf(folder),
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void worker.kill("SIGKILL"));
    await Promise.race([once(worker.stdout, "data"), ended(worker)]);
    expect(worker.exitCode).toBeNull();
    const { stdout } = await node(folder, "add.ts");
    expect(stdout.trim()).toBe(shownAfter(page, "node add.ts"));
    worker.kill("SIGTERM");
    expect(await ended(worker)).toBe(0);
  });

  test("passes the test that the page shows", async () => {
    const folder = await folderOf(page, { links: true });
    const { stdout } = await node(folder, "--test", "--test-reporter=tap", "retry.test.ts");
    expect(stdout).toContain("# pass 1");
  });
});

test.each(["docs/first-plugin.md", "docs/job-queue.md"])("the compiler accepts the code of %s", SLOW, async (page) => {
  const folder = await folderOf(page, { links: true });
  const config = { extends: join(root, "tsconfig.json"), include: ["**/*.ts"], exclude: ["node_modules"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const tsc = run(join(root, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder });
  const { stdout } = await tsc.catch((error: { stdout: string }) => error);
  // What else is wrong in the packages is not this page's fault.
  expect(stdout.split("\n").filter((line) => /^[\w-][^(]*\(\d/.test(line))).toEqual([]);
});

describe("configs", () => {
  const yaml = (path: string) => readPage(path).blocks.filter(({ language }) => language === "yaml");

  test.each(["docs/configuration.md", "docs/first-plugin.md"])("those of %s are accepted", async (path) => {
    expect(yaml(path).length).toBeGreaterThan(0);
    for (const { text } of yaml(path)) await expect(parseConfig(text, "brains.yaml")).resolves.toBeTruthy();
  });

  test("the site builder accepts its own page's", async () => {
    const blocks = yaml("docs/site-builder.md");
    const text = (file: string) => blocks.find((block) => block.file === file)?.text ?? "";
    const { plugins } = await parseConfig(text("brains.yaml"), "brains.yaml");
    expect(() => configSchema.parse(plugins[0]?.config)).not.toThrow();
    expect(parseSiteDefinition(text("site.yaml"), "site.yaml").pages).toHaveLength(2);
  });

  test("every setting of the site builder is listed", () => {
    const listed = rowsUnder(readPage("docs/site-builder.md"), "Settings").map((row) => /`(\w+)`/.exec(row)?.[1]);
    expect(listed).toEqual(Object.keys(configSchema.shape));
  });
});

describe("tools", () => {
  test("the site builder's are listed with their fields", async () => {
    const brain = await createTestShell({ plugins: [siteBuilder] });
    onTestFinished(() => brain.dispose());
    const tools = brain.shell.listTools(brain.caller).filter(({ plugin }) => plugin === "site-builder");
    const rows = rowsUnder(readPage("docs/site-builder.md"), "Tools").map((row) => row.split(" | ").slice(0, 2));
    const listed = new Map(
      rows.map((cells) => cells.map((cell) => cell.match(/[\w-]+/g)?.join(" ") ?? "") as [string, string]),
    );
    const fieldsOf = (input: unknown) => Object.keys((input as { shape: object }).shape).join(" ");
    expect(listed).toEqual(
      new Map(tools.map(({ name, input }) => [name.replace("site-builder:", ""), fieldsOf(input)])),
    );
  });

  test("names over MCP are those of tools that exist", async () => {
    const brain = await createTestShell({ plugins: [siteBuilder] });
    onTestFinished(() => brain.dispose());
    const offered = brain.shell.listTools({ ...brain.caller, kind: "model" }).map(({ name }) => wireName(name));
    const named = readPages().flatMap(({ body }) => body.match(/\b(?:shell|site_builder)_[a-z_]+/g) ?? []);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !offered.includes(name))).toEqual([]);
    const shown = readPage("docs/mcp.md").body;
    expect(offered.filter((name) => name.startsWith("shell_") && !shown.includes(name))).toEqual([]);
  });
});

test("the licence that the README names is the one in the repository", async () => {
  expect(await readFile(join(root, "LICENSE"), "utf8")).toContain("MIT License");
  expect(readPage("README.md").body).toContain("[MIT](LICENSE)");
});
