// A file planted in a plugin cannot import what the plugin did not declare. Nothing is written into the tree: the plant lives in a
// copy of the folder layout whose node_modules are the real ones, and neither tsc nor Node looks anywhere else.
import { execFile } from "node:child_process";
import { mkdtemp, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { root } from "./packages.ts";

const run = promisify(execFile);
const PLUGIN = "plugins/site-builder";

async function plant(specifier: string): Promise<string> {
  const copy = await realpath(await mkdtemp(join(tmpdir(), "brains-isolation-")));
  onTestFinished(() => rm(copy, { recursive: true }));
  const folder = join(copy, PLUGIN);
  await mkdir(folder, { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await symlink(join(root, PLUGIN, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(folder, "planted.ts"),
    `import * as planted from ${JSON.stringify(specifier)};\nvoid planted;\n`,
  );
  const compilerOptions = {
    module: "nodenext",
    noEmit: true,
    skipLibCheck: true,
    types: [],
    allowImportingTsExtensions: true,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["planted.ts"] }));
  return folder;
}

async function outcome(program: Promise<unknown>): Promise<string> {
  return program.then(
    () => "accepted",
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
}

const withNode = (folder: string) => outcome(run(process.execPath, [join(folder, "planted.ts")]));
const withTsc = (folder: string) => outcome(run(join(root, "node_modules/.bin/tsc"), ["-p", folder]));

test.each(["@brains/job-queue", "better-sqlite3", "drizzle-orm", "@brains/cli"])(
  "a plugin that imports the undeclared %s is refused by Node and by tsc",
  async (specifier) => {
    const folder = await plant(specifier);
    expect(await withNode(folder)).toContain("ERR_MODULE_NOT_FOUND");
    expect(await withTsc(folder)).toContain("TS2307");
  },
);

test("what the plugin did declare is accepted by both, so the refusals mean something", async () => {
  const folder = await plant("yaml");
  expect(await withNode(folder)).toBe("accepted");
  expect(await withTsc(folder)).toBe("accepted");
});
