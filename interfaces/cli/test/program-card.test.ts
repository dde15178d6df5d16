import type { ProgramCard } from "@brains/shell";
import { expect, test } from "vitest";
import { programCardLines } from "../src/render/program-card.ts";
import { quoted } from "../src/text/printable.ts";

const CARD: ProgramCard = {
  card: "program",
  argv: ["git", "push", "--force"],
  executable: { path: "/usr/bin/git", realPath: "/usr/bin/git", bytes: 1, sha256: "a".repeat(64) },
  cwd: "/home/ada/site",
  env: [],
  kind: "command",
  files: [],
  risk: 35,
  reasons: ["it changes a remote repository"],
  rule: "anything else",
  askedBy: { principal: "claude", interface: "mcp", plugin: "commands 0.1.0" },
  requesterMaySendInput: false,
  bound: {},
};

test("a card says exactly what would run, where, how risky it is and who asked", () => {
  expect(programCardLines(CARD, 100)).toEqual([
    "$ git push --force",
    "in /home/ada/site   runs /usr/bin/git",
    "risk 35/100: it changes a remote repository",
    "rule anything else",
    "asked by claude over mcp, commands 0.1.0",
  ]);
});

test("what changed comes first, and code is shown line by line with what is invisible made visible", () => {
  const card: ProgramCard = {
    ...CARD,
    kind: "code",
    changed: ["the file /home/ada/x.sh changed"],
    source: { text: "let a = 1;\n\u001B[8mhidden()\u001B[0m\r", characters: 30, cut: true },
    requesterMaySendInput: true,
  };
  const lines = programCardLines(card, 100);
  expect(lines[0]).toBe("CHANGED since it was last asked: the file /home/ada/x.sh changed");
  expect(lines).toContain("rule anything else; trusted code only");
  expect(lines).toContain("claude may send it input without asking again");
  expect(lines).toContain("code, of 30 characters the first 28:");
  expect(lines).toContain(String.raw`  \x1b[8mhidden()\x1b[0m\x0d`);
});

test.each([
  ["plain", "plain"],
  ["--flag=a/b:c", "--flag=a/b:c"],
  ["two words", "'two words'"],
  ["", "''"],
  ["it's", String.raw`'it'\''s'`],
  ["$(rm -rf /)", "'$(rm -rf /)'"],
  ["a\nb", String.raw`$'a\nb'`],
  ["\\n\u001B[2J'", String.raw`$'\\n\e[2J\''`],
  ["left\u202Eright", String.raw`$'left\u202eright'`],
])("the argument %j is shown as %s", (argument, shown) => {
  expect(quoted(argument)).toBe(shown);
});
