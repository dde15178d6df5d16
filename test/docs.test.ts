import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS, HIDDEN_COMMANDS, LATER_COMMANDS } from "../interfaces/cli/src/commands/registry.ts";
import { parseLine } from "../interfaces/cli/src/program.ts";
import { EXIT_SETUP_FAILED } from "../scripts/setup-plan.mjs";
import { anchorOf, readPage, readPages, rowsUnder } from "./docs-pages.ts";
import { expectedTables } from "./docs-tables.ts";
import { root } from "./packages.ts";

const pages = readPages();
const docs = pages.filter(({ path }) => path.startsWith("docs/"));

describe("pages", () => {
  test.each(pages)("$path says something", ({ body }) => {
    expect(body.replaceAll(/^#.*$/gm, "").trim().length).toBeGreaterThan(300);
  });

  test.each(docs)("$path begins with its title", ({ title, headings }) => {
    expect(headings[0]).toBe(title ?? headings[0]);
    expect(headings[0]).toBeTruthy();
  });

  test("every guide has a title and a description of one sentence", () => {
    const wrong = docs.filter(({ title, description = "" }) => !title || !/^[^.]+.*\.$/.test(description));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test.each(pages)("every relative link of $path leads somewhere", ({ path, links }) => {
    const dead = links.filter(({ target, anchor }) => {
      if (!existsSync(join(root, target))) return true;
      // The site is made of docs/ alone.
      if (path.startsWith("docs/") && !target.startsWith("docs/")) return true;
      return anchor !== undefined && !readPage(target).headings.map(anchorOf).includes(anchor);
    });
    expect(dead.map(({ href }) => href)).toEqual([]);
  });

  test("every page can be reached from the start page", () => {
    const seen = new Set<string>();
    const waiting = ["docs/index.md"];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      waiting.push(...readPage(path).links.map(({ target }) => target));
    }
    expect(docs.map(({ path }) => path).filter((path) => !seen.has(path))).toEqual([]);
  });

  test("a decision has at most 40 lines", () => {
    const records = globSync("docs/decisions/[0-9]*.md", { cwd: root });
    const long = records.filter((path) => readFileSync(join(root, path), "utf8").trimEnd().split("\n").length > 40);
    expect(long).toEqual([]);
  });
});

describe("what repeats the code", () => {
  const tables = expectedTables().map((table) => ({ ...table, name: `"${table.heading}" of ${table.page}` }));

  test.each(tables)("the table $name is the code's", ({ page, heading, rows }) => {
    expect(rowsUnder(readPage(`docs/${page}`), heading)).toEqual(rows);
  });

  test("every failure of set-up is listed, with its exit code", () => {
    const scripts = globSync("scripts/*.mjs", { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
    const used = new Set(scripts.flatMap((text) => text.match(/\bSETUP_[A-Z_]+/g) ?? []));
    const page = readPage("docs/errors.md");
    const listed = rowsUnder(page, "From set-up").map((row) => /`(\w+)`/.exec(row)?.[1]);
    expect(new Set(listed)).toEqual(used);
    expect(page.body).toContain(`exit code ${EXIT_SETUP_FAILED}`);
  });

  test("commands that come later are named as such", () => {
    const line = /refused by name: ([^.]+)\./.exec(readPage("docs/command-line.md").body)?.[1] ?? "";
    expect(line.match(/[a-z]+/g)).toEqual(LATER_COMMANDS);
  });
});

describe("commands in the pages", () => {
  const names = new Set([...COMMANDS, ...LATER_COMMANDS.map((name) => ({ name }))].map(({ name }) => name));
  const written = pages.flatMap(({ path, body, blocks }) => {
    const shown = blocks.filter(({ language }) => ["console", "sh"].includes(language)).map(({ text }) => text);
    const lines = [...shown.join("\n").matchAll(/^(?:\$ )?(?:brains|npm start -s --) (.+?)(?:\s+#.*)?$/gm)];
    const inText = [
      ...body.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`(?:brains|npm start -s --) ([a-z][^`]*)`/g),
    ];
    // A name alone stands for the command.
    return [...lines, ...inText].map(([, line = ""]) => ({ path, line })).filter(({ line }) => !names.has(line));
  });

  test("there are some", () => {
    expect(written.length).toBeGreaterThan(40);
  });

  test.each(written)("$path: brains $line", ({ line }) => {
    const words = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', "")) ?? [];
    expect(() => parseLine(words, COMMANDS, HIDDEN_COMMANDS, "brains ")).not.toThrow();
  });
});
