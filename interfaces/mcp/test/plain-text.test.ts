// oxlint-disable no-control-regex -- they are what must not be there
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainJson, plainText } from "../src/plain-text.ts";

describe("text of others", () => {
  test.each([
    ["colours", "\u001B[31mred\u001B[0m", "red"],
    ["a window title", "\u001B]0;pwned\u0007ok", "ok"],
    ["a link", "\u001B]8;;http://evil\u001B\\text\u001B]8;;\u001B\\", "text"],
    ["a clipboard write", "a\u001B]52;c;ZXZpbA==\u0007b", "ab"],
    ["8-bit sequences", "\u009B31mred", "red"],
    ["a cut-off sequence", "tail\u001B[3", "tail"],
    ["reordering marks", "user\u202Egnp.exe", "usergnp.exe"],
    ["a carriage return that would overwrite", "safe\rrm -rf", "saferm -rf"],
    ["backspaces", "a\b\bb", "ab"],
  ])("loses %s", (_what, dirty, clean) => {
    expect(plainText(dirty)).toBe(clean);
  });

  test("keeps lines, tabs and every script", () => {
    const text = "line 1\n\tline 2\nZürich 東京 🧠 שלום";
    expect(plainText(text)).toBe(text);
  });

  test("never lets a control character through, however they are combined", () => {
    const parts = fc.constantFrom(
      "\u001B",
      "[",
      "]",
      "\u009B",
      "\u0007",
      "\\",
      "m",
      "0",
      ";",
      "\u202E",
      "\u0000",
      "x",
      "\u0090",
      "\u009C",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (pieces) => {
        expect(plainText(pieces.join(""))).not.toMatch(
          /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/,
        );
      }),
    );
  });

  test("is cleaned at any depth of a value", () => {
    expect(plainJson({ a: ["\u001B[1mb\u001B[0m", { c: "\u0000d" }], n: 1, none: undefined })).toEqual({
      a: ["b", { c: "d" }],
      n: 1,
    });
  });
});
