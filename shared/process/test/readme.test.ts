import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { DEFAULT_KEEP_BYTES } from "../src/log/output-log.ts";
import { SHORTEST_SECRET } from "../src/output/redact.ts";
import { DEFAULT_DRAIN_MS, DEFAULT_GRACE_MS } from "../src/spec.ts";
import { TIERS } from "../src/system/launch.ts";
import { temporaryFolder } from "./kit.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

test("the example runs as it stands and prints what the page says", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules/@brains"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/@brains/process"));
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  writeFileSync(join(folder, "first.mts"), example);
  const { stdout } = await promisify(execFile)(process.execPath, ["first.mts"], { cwd: folder });
  const [, first, second = ""] = /It prints `(.+?)` and `(.+?)`\.\n/.exec(readme) ?? [];
  const plain = (text: string) => text.replaceAll(/\s+/g, " ").trim();
  expect(plain(stdout)).toBe(plain(`${first} ${second}`));
});

test("tiers, defaults and limits on the page are those of the code", () => {
  const named = [...readme.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, tier]) => tier);
  expect(named).toEqual(TIERS.toReversed());
  const words = readme.replaceAll(/\s+/g, " ");
  expect(words).toContain(`the grace (${DEFAULT_GRACE_MS / 1000} s)`);
  expect(words).toContain(`for \`drain\` (${DEFAULT_DRAIN_MS / 1000} s)`);
  expect(words).toContain(`\`keepBytes\` (${DEFAULT_KEEP_BYTES / 2 ** 20} MiB)`);
  expect(words).toContain(`Secrets of ${SHORTEST_SECRET} characters`);
});
