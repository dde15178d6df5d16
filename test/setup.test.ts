// Set-up against a checkout, an npm and a pnpm that are made of a few lines each.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { setUp } from "../scripts/setup.mjs";

const FAKE_PNPM = `
const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
if (process.argv.includes("--version")) process.exit(0);
appendFileSync("installs", "pnpm\\n");
if (readFileSync("pnpm-lock.yaml", "utf8") === "outdated") throw new Error("ERR_PNPM_OUTDATED_LOCKFILE");
mkdirSync("node_modules/.pnpm", { recursive: true });
writeFileSync("node_modules/.pnpm/lock.yaml", readFileSync("pnpm-lock.yaml"));
`;

const FAKE_NPM = `#!/bin/sh
echo npm >> installs
test -f offline && { echo "npm error code ECONNREFUSED" >&2; exit 1; }
mkdir -p "$3/node_modules/pnpm/bin" && cp fake-pnpm.cjs "$3/node_modules/pnpm/bin/pnpm.cjs"
`;

async function checkout() {
  const root = await mkdtemp(join(tmpdir(), "brains-setup-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const write = (name: string, text: string) => writeFile(join(root, name), text);
  await mkdir(join(root, "bin"));
  await write("bin/npm", FAKE_NPM);
  await chmod(join(root, "bin/npm"), 0o755);
  await write("fake-pnpm.cjs", FAKE_PNPM);
  await write("pnpm-lock.yaml", "first");
  await write("pnpm-workspace.yaml", "packages: []");
  vi.stubEnv("npm_execpath", undefined);
  vi.stubEnv("PATH", [join(root, "bin"), process.env["PATH"]].join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => said.mockRestore());
  const installs = async () => (await readFile(join(root, "installs"), "utf8")).trim().split("\n");
  return { root, write, installs };
}

test("the first run installs, the next ones do nothing", async () => {
  const { root, installs } = await checkout();
  const ready = await setUp(root);
  expect(ready.node).toBe(process.execPath);
  expect(ready.path[0]).toBe(join(root, ".cache/tools/pnpm-10.34.9/node_modules/.bin"));
  expect(await setUp(root)).toEqual(ready);
  expect(await installs()).toEqual(["npm", "pnpm"]);
});

test("a changed lockfile installs again, with the tools that are there", async () => {
  const { root, write, installs } = await checkout();
  await setUp(root);
  await write("pnpm-lock.yaml", "second");
  await setUp(root);
  expect(await installs()).toEqual(["npm", "pnpm", "pnpm"]);
});

test("packages that somebody else installed or removed are put right", async () => {
  const { root, write, installs } = await checkout();
  await setUp(root);
  await write("node_modules/.pnpm/lock.yaml", "of another branch");
  await setUp(root);
  await rm(join(root, "node_modules"), { recursive: true });
  await setUp(root);
  expect(await installs()).toEqual(["npm", "pnpm", "pnpm", "pnpm"]);
});

test("two at once install once", async () => {
  const { root, installs } = await checkout();
  await Promise.all([setUp(root), setUp(root)]);
  expect(await installs()).toEqual(["npm", "pnpm"]);
});

test("a failure leaves nothing that looks finished", async () => {
  const { root, write, installs } = await checkout();
  await write("offline", "");
  await expect(setUp(root)).rejects.toThrow(/^SETUP_REGISTRY: fetching tools: /);
  await rm(join(root, "offline"));
  await write("pnpm-lock.yaml", "outdated");
  await expect(setUp(root)).rejects.toThrow(/^SETUP_LOCKFILE: installing packages: /);
  await write("pnpm-lock.yaml", "first");
  await setUp(root);
  expect(await installs()).toEqual(["npm", "npm", "pnpm", "pnpm"]);
});
