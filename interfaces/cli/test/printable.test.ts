import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableLines } from "../src/text/printable.ts";

/** Text as hostile programs print it: control characters, escape sequences and bidirectional marks among ordinary text. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\u001B[2J",
        "\u001B]0;title\u0007",
        "\u001B]52;c;aGk=\u001B\\",
        "\u001B[31m",
        "\u001B",
        "\u009B6n",
        "\u202E",
        "\u2066",
        "\r",
        "\n",
        "\t",
        "\u0000",
        "\uD800",
        "\u{E0041}",
        "é",
        "漢字",
        "👩‍👩‍👧",
      ),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));

const DANGEROUS =
  // oxlint-disable-next-line no-control-regex -- this is what must never be printed
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF\u{E0000}-\u{E007F}]/u;

test("no text from a job can reach the terminal with a control character in it", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(printable(text)).not.toMatch(DANGEROUS);
      for (const line of printableLines(text)) expect(line).not.toMatch(DANGEROUS);
    }),
    { numRuns: 2000 },
  );
});

test("what was made printable stays as it is when it is made printable again", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
});

test("ordinary text in any script is left alone", () => {
  for (const text of ["plain", "naïve café", "漢字かな", "שלום", "👩‍👩‍👧 ok", "a – b … c"])
    expect(printable(text)).toBe(text);
});

test("colours and titles vanish, a broken sequence and a direction override are shown", () => {
  expect(printable("\u001B[31mred\u001B[0m")).toBe("red");
  expect(printable("a\u001B]0;evil\u0007b")).toBe("ab");
  expect(printable("a\u001B[")).toBe("a\\x1b[");
  expect(printable("exe.\u202Efdp")).toBe("exe.\\u202efdp");
});

test("a carriage return shows what a progress meter printed last", () => {
  expect(printableLines("10%\r50%\r100%\ndone\n")).toEqual(["100%", "done"]);
});
