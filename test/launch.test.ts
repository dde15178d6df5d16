import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { planLaunch } from "../scripts/launch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, "apps/brain/src/main.ts");

test("npm start runs in the checkout, and is told where the person is", () => {
  const plan = planLaunch("start", { cwd: root, initCwd: "/home/ada" });
  expect(plan).toEqual({ script: main, cwd: root, INIT_CWD: "/home/ada" });
});

test("brains runs where the person is, also from an npm script of another project", () => {
  const plan = planLaunch("brains", { cwd: "/home/ada/my-brain", initCwd: "/home/ada" });
  expect(plan).toEqual({ script: main, cwd: "/home/ada/my-brain", INIT_CWD: undefined });
});

test("a misspelt target is named", () => {
  expect(() => planLaunch("strat", { cwd: root, initCwd: undefined })).toThrow(/strat: one of start, brains, test/);
});
