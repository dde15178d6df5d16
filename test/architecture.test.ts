import { expect, test } from "vitest";
import { type PackageFacts, violations } from "./architecture.ts";
import { importsOf, readPackages } from "./packages.ts";

const facts = (folder: string, name: string, more: Partial<PackageFacts> = {}): PackageFacts => ({
  folder,
  name,
  dependencies: [],
  devDependencies: [],
  exports: ["."],
  files: [],
  ...more,
});

const queue = facts("shared/job-queue", "@brains/job-queue", { exports: [".", "./handler"] });
const contract = facts("shared/plugin", "@brains/plugin", { dependencies: [queue.name] });
const shell = facts("shell/core", "@brains/shell", {
  dependencies: [queue.name, contract.name],
  exports: [".", "./testing"],
});
const feeds = facts("plugins/feeds", "@brains/plugin-feeds", {
  dependencies: [contract.name],
  devDependencies: [shell.name],
});
const cli = facts("interfaces/cli", "@brains/cli", { dependencies: [shell.name] });
const house = [queue, contract, shell, feeds, cli];

const importing = (it: PackageFacts, file: string, ...imports: string[]): PackageFacts => ({
  ...it,
  files: [{ path: `${it.folder}/${file}`, imports }],
});

test("every package of this repository keeps to its layer", () => {
  const packages = readPackages();
  expect(packages.map((it) => it.name)).toContain("@brains/job-queue");
  expect(violations(packages)).toEqual([]);
});

test("a house that keeps to the rule has no violation", () => {
  const clean = [
    importing(feeds, "test/feeds.test.ts", "@brains/shell/testing", "../src/index.ts", "vitest"),
    importing(
      { ...contract, dependencies: [queue.name, "zod"], devDependencies: ["@types/mdast"] },
      "src/index.ts",
      "@brains/job-queue/handler",
      "./define.ts",
      "zod",
      "node:fs",
      "mdast",
    ),
  ];
  expect(violations([queue, shell, cli, ...clean])).toEqual([]);
});

test.each<[planted: string, PackageFacts]>([
  ["plugins/feeds depends on shared/job-queue", { ...feeds, dependencies: [queue.name] }],
  ["plugins/feeds depends on shell/core", { ...feeds, dependencies: [shell.name], devDependencies: [] }],
  ["interfaces/cli depends on plugins/feeds", { ...cli, dependencies: [feeds.name] }],
  ["interfaces/cli depends on shared/job-queue", { ...cli, devDependencies: [queue.name] }],
  ["shell/core depends on interfaces/cli", { ...shell, dependencies: [cli.name] }],
  ["shared/job-queue depends on shared/plugin", { ...queue, dependencies: [contract.name] }],
  ["shared/plugin depends on shell/core", { ...contract, devDependencies: [shell.name] }],
  ["shell/core depends on drizzle-orm, which only shared/job-queue may", { ...shell, dependencies: ["drizzle-orm"] }],
  [
    "plugins/feeds depends on better-sqlite3, which only shared/job-queue may",
    { ...feeds, devDependencies: ["better-sqlite3"] },
  ],
  [
    "plugins/feeds/src/index.ts imports @brains/shell, which it does not depend on",
    importing(feeds, "src/index.ts", "@brains/shell/testing"),
  ],
  [
    "shell/core/src/shell.ts imports fast-check, which it does not depend on",
    importing({ ...shell, devDependencies: ["fast-check"] }, "src/shell.ts", "fast-check"),
  ],
  [
    "plugins/feeds/src/index.ts leaves its package: ../../../shared/job-queue/src/store.ts",
    importing(feeds, "src/index.ts", "../../../shared/job-queue/src/store.ts"),
  ],
  [
    "shell/core/src/shell.ts imports @brains/job-queue/src/store.ts, which is not exported",
    importing(shell, "src/shell.ts", "@brains/job-queue/src/store.ts"),
  ],
])("a planted violation is found: %s", (planted, guilty) => {
  const others = house.filter((it) => it.folder !== guilty.folder);
  expect(violations([...others, guilty])).toEqual([planted]);
});

test("every form of import is seen", () => {
  const source = [
    'import "a";',
    'import b from "b";',
    'import type { C } from "c";',
    'import {\n  d,\n} from "d";',
    'export * from "e";',
    'const f = await import("f");',
    'let g: import("g").G;',
    'const text = "import nothing";',
  ].join("\n");
  expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
});
