import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HARMLESS_NAMES, environmentFrom, resolveExecutable, showTerminal, stripTerminal } from "../src/index.ts";
import { linuxTable, psTable } from "../src/system/process-table.ts";
import { temporaryFolder } from "./kit.ts";

describe("the environment of a program", () => {
  test("has what is allowed and what is given, and nothing else", () => {
    const source = { PATH: "/bin", LC_ALL: "C", LC_TIME: "de", SECRET: "x", LANG: undefined, "LC_a-b": "y" };
    expect(environmentFrom(source, HARMLESS_NAMES)).toEqual({ PATH: "/bin", LC_ALL: "C", LC_TIME: "de" });
    expect(environmentFrom(source, ["PATH"], { PATH: "/own", A: "1" })).toEqual({ PATH: "/own", A: "1" });
    expect(environmentFrom(source, [])).toEqual({});
  });

  test("does not hand on the mark of an outer program, nor names of the prototype", () => {
    expect(environmentFrom({ BRAINS_PROCESS: "x".repeat(32), A: "b" }, ["*"])).toEqual({ A: "b" });
    expect(environmentFrom({}, ["__proto__", "constructor"])).toEqual({});
  });

  test.each([{ "1A": "x" }, { "A=B": "x" }, { "": "x" }, { A: "x\0y" }])("refuses %o", (extra) => {
    expect(() => environmentFrom({}, [], extra)).toThrow(expect.objectContaining({ code: "INVALID_ENVIRONMENT" }));
  });
});

describe("an executable", () => {
  test("is found on the search path, with the file behind its symlink", () => {
    const folder = realpathSync(temporaryFolder());
    const real = join(folder, "real");
    writeFileSync(real, "#!/bin/sh\n", { mode: 0o755 });
    mkdirSync(join(folder, "bin"));
    symlinkSync(real, join(folder, "bin/tool"));
    const found = { path: join(folder, "bin/tool"), realPath: real };
    expect(resolveExecutable("tool", `/nowhere:${folder}/bin:/bin`)).toEqual(found);
    expect(resolveExecutable(found.path, "")).toEqual(found);
    chmodSync(real, 0o644);
    expect(() => resolveExecutable("tool", `${folder}/bin`)).toThrow(
      expect.objectContaining({ code: "PROGRAM_NOT_FOUND" }),
    );
  });

  test.each([
    ["sh", ""],
    ["sh", ":"],
    ["sh", "bin:."],
    ["./sh", "/bin"],
    ["bin/sh", "/"],
    ["", "/bin"],
    ["sh\0", "/bin"],
    ["/bin", "/bin"],
  ])("%j on %j is not found: nothing depends on where somebody stands", (name, path) => {
    expect(() => resolveExecutable(name, path)).toThrow(expect.objectContaining({ code: "PROGRAM_NOT_FOUND" }));
  });
});

describe("output for readers", () => {
  const nasty =
    "a\u001B[31mred\u001B[0m\u001B]0;title\u0007\u001B]52;c;ZXZpbA==\u001B\\b\u009B2Jc\u202Ed\rover\r\ne\u0000\tf\n";

  test("models get text without anything that steers a terminal", () => {
    expect(stripTerminal(nasty)).toBe("aredbcd\nover\ne\tf\n");
  });

  test("people see what is there", () => {
    expect(showTerminal("\u001B[2J\u0007x\u202Ey\r\n\tz\r")).toBe(String.raw`\x1b[2J\x07x\u202ey` + "\n\tz\\x0d");
  });

  test("a sequence without an end hides nothing", () => {
    expect(stripTerminal("a\u001B]0;never closed")).toBe("a0;never closed");
    expect(stripTerminal("a\u001B]0;one\ntwo\u0007three")).toBe("a0;one\ntwothree");
  });

  test("nothing that steers a terminal passes, whatever the text", () => {
    const units = fc.constantFrom(
      "\u001B",
      "[",
      "]",
      "0;",
      "\u0007",
      "\\",
      "\u009D",
      "m",
      "x",
      "\r",
      "\u202E",
      "\u{E0001}",
    );
    fc.assert(
      fc.property(fc.string({ unit: units }), (text) => {
        // oxlint-disable-next-line no-control-regex -- it is what must not be there
        const steering = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E]|\u{E0001}/u;
        expect(stripTerminal(text)).not.toMatch(steering);
        expect(showTerminal(text)).not.toMatch(steering);
      }),
    );
  });
});

test("both tables of processes tell the same of this one", () => {
  const [a, b] = [linuxTable.find(process.pid), psTable.find(process.pid)];
  const known = ({ parent, group, ended }: NonNullable<typeof a>) => ({ parent, group, ended });
  expect(a && known(a)).toEqual(b && known(b));
  expect(psTable.all().map(({ pid }) => pid)).toContain(process.pid);
  expect(psTable.commandLine(process.pid)).toContain("vitest");
  expect(psTable.find(2 ** 22 - 1)).toBeUndefined();
});
