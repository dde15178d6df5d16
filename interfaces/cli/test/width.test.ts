import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fit, textWidth, truncate, wrap } from "../src/text/width.ts";

test.each([
  ["abc", 3],
  ["漢字", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["👩‍👩‍👧", 2],
  ["🇫🇷", 2],
  ["…", 1],
  ["●", 1],
  ["█░", 2],
  ["", 0],
])("%s takes %i cells", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("the width of a text is the one that the renderer of the prompt computes", async () => {
  const ink = createRequire(import.meta.url).resolve("ink");
  const path = createRequire(ink).resolve("string-width");
  const { default: stringWidth } = (await import(pathToFileURL(path).href)) as { default: (text: string) => number };
  const common = fc.constantFrom(
    "a",
    " ",
    "漢",
    "ァ",
    "한",
    "é",
    "e\u0301",
    "👍",
    "👩‍💻",
    "🇩🇪",
    "❤️",
    "✓",
    "—",
    "ｱ",
    "Ａ",
    "№",
    "😀",
  );
  fc.assert(
    fc.property(fc.array(common, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      expect(textWidth(text)).toBe(stringWidth(text));
    }),
  );
});

const text = fc.string({ unit: "grapheme", maxLength: 30 });

test("a cut text never takes more cells than it may, and a filled one takes exactly as many", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 20 }), (value, width) => {
      const plain = value.replaceAll(/\p{Control}/gu, "");
      expect(textWidth(truncate(plain, width))).toBeLessThanOrEqual(width);
      expect(textWidth(fit(plain, width))).toBe(width);
    }),
  );
});

test("a cut is marked, and what fits is not cut", () => {
  expect(truncate("abcdef", 4)).toBe("abc…");
  expect(truncate("abcd", 4)).toBe("abcd");
  expect(truncate("漢字漢字", 5)).toBe("漢字…");
});

test("wrapping keeps every word and every line inside the width", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
  expect(wrap("", 4)).toEqual([""]);
});
