import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const fixture = fileURLToPath(new URL("fixtures/modules-of.ts", import.meta.url));

/** Paths of what a command loads, below src or node_modules. */
function modulesOf(words: string): string[] {
  const printed = execFileSync(process.execPath, [fixture, ...words.split(" ")], { encoding: "utf8" }).split("\n");
  expect(printed[0]).toBe("exit 0");
  return printed.slice(1).map((url) => url.replace(/^.*\/(?:node_modules|cli)\//, ""));
}

test.each(["status", "jobs", "batches", "logs 1", "cancel 1", "help", "completion zsh", "status --json"])(
  "brains %s loads neither the prompt nor the schemas of tools",
  (words) => {
    const modules = modulesOf(words);
    expect(modules).toContain("src/run-cli.ts");
    expect(modules.filter((path) => /^(?:ink|react|zod|yoga-layout)\//.test(path))).toEqual([]);
    expect(modules.filter((path) => path.startsWith("src/repl/") || path === "src/commands/run.ts")).toEqual([]);
  },
);

test("brains --version loads neither the parser nor any command", () => {
  const modules = modulesOf("--version");
  expect(modules.filter((path) => path.startsWith("commander/") || /^src\/commands\/(?!registry)/.test(path))).toEqual(
    [],
  );
});
