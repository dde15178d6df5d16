import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { codeFrame } from "../src/runner/frame.ts";
import { lineReader, tellWaiting } from "../src/runner/input.ts";
import { type Prepared, prepare } from "../src/runner/prepare.ts";
import { troubleOf, troubleText } from "../src/runner/trouble.ts";
import { outcomeOfValue } from "../src/runner/value.ts";

const URL_OF_CODE = "file:///run/code-1-1.mjs";

function prepared(source: string, language: "js" | "ts" = "ts"): Prepared {
  const code = prepare(source, language);
  if ("trouble" in code) throw new Error(troubleText(code.trouble));
  return code;
}

test("the value is that of the last expression, and other endings say what they are", () => {
  expect(prepared("1;\n(2, 3) // three").js).toBe("1;\nexport const valueOfCode = await ((2, 3)); // three");
  expect(prepared("valueOfCode").exportName).toBe("valueOfCode_");
  expect(prepared("export default 4").exportName).toBe("default");
  expect(prepared("const x = 1;")).toMatchObject({ note: expect.stringContaining("the variable declaration") });
  expect(prepared("if (1) { 2 }")).toMatchObject({ note: expect.stringContaining("the if statement") });
  expect(prepared("// nothing").note).toContain("no statement");
});

test("positions are those of the code, also behind the inserted words and behind types", () => {
  const code = prepared("let a: number = 1;\n  a.b.c;");
  const [line = ""] = code.js.split("\n").slice(1);
  const column = line.indexOf("a.b") + 1;
  expect(code.original({ line: 2, column })).toEqual({ line: 2, column: 3 });
  expect(code.original({ line: 1, column: 17 })).toEqual({ line: 1, column: 17 });
  expect(code.js.indexOf("= 1")).toBe(code.source.indexOf("= 1"));
});

test("JavaScript that is no TypeScript runs, and what is neither is shown where it is wrong", () => {
  expect(prepared("const a = 1, b = 2, c = 0;\na < b > (c)", "js").exportName).toBe("valueOfCode");
  const wrong = (source: string, language: "js" | "ts") => prepare(source, language);
  expect(wrong("const x: = 1", "ts")).toMatchObject({ trouble: { name: "SyntaxError", line: 1, column: 10 } });
  expect(wrong("let a;\nlet a;", "js")).toMatchObject({ trouble: { line: 2, column: 5 } });
  expect(wrong("enum A { b }", "ts")).toMatchObject({ trouble: { message: expect.stringContaining("enum") } });
});

test("a frame has the lines around the place, and of a long line the part around the mark", () => {
  expect(codeFrame("one\ntwo\nthree\nfour", 2, 2)).toBe("  1 | one\n> 2 | two\n    |  ^\n  3 | three\n  4 | four");
  const [long = "", mark = ""] = codeFrame(`${"x".repeat(5000)}!`, 1, 5001).split("\n");
  expect(long.length).toBeLessThan(130);
  expect(long[mark.indexOf("^")]).toBe("!");
});

test("an error has the code's own frames and causes, and an import that fails has its line", () => {
  const code = prepared('import x from "nope";\nx', "js");
  const error = new Error("outer", { cause: new TypeError("inner") });
  error.stack = `Error: outer\n    at f (${URL_OF_CODE}:1:8)\n    at async node:internal/modules/esm/loader:1:2`;
  expect(troubleOf(error, code, URL_OF_CODE)).toMatchObject({ line: 1, column: 8, stack: ["at f (code:1:8)"] });
  expect(troubleOf(error, code, URL_OF_CODE).message).toBe("outer\nCaused by: TypeError: inner");
  const missing = new Error("Cannot find package 'nope' imported from /run/code-1-1.mjs");
  missing.stack = "Error: …";
  expect(troubleOf(missing, code, URL_OF_CODE)).toMatchObject({
    message: "Cannot find package 'nope' imported from the code",
    line: 1,
    column: 15,
  });
  expect(troubleOf("text", code, URL_OF_CODE)).toEqual({ name: "Thrown", message: "'text'" });
});

test("values that JSON gives back as they were are values; others are shown, and large ones are cut, with a note", () => {
  expect(outcomeOfValue({ a: [1, null, "x"] })).toEqual({ value: { a: [1, null, "x"] } });
  expect(outcomeOfValue(undefined)).toEqual({ note: "The value is undefined." });
  for (const value of [new Map([[1, 2]]), Number.NaN, 1n, new Date(0), { a: undefined }, () => 1]) {
    expect(outcomeOfValue(value)).toEqual({ shown: expect.any(String), note: expect.stringContaining("no JSON") });
  }
  const large = outcomeOfValue("x".repeat(300_000));
  expect(large).toMatchObject({ note: expect.stringContaining("over the limit") });
  expect(large.shown?.length).toBe(16 * 1024);
});

test.each([1, 1000])(
  "lines come one by one from pieces of %i bytes, null at the end; the rest is for other readers",
  async (size) => {
    const stdin = new PassThrough();
    const readLine = lineReader(stdin);
    const two = Promise.all([readLine(), readLine()]);
    const bytes = Buffer.from("grün\nzwei\r\nrest");
    for (let from = 0; from < bytes.length; from += size) stdin.write(bytes.subarray(from, from + size));
    expect(await two).toEqual(["grün", "zwei"]);
    stdin.end();
    expect(await stdin.toArray().then((parts) => Buffer.concat(parts as Buffer[]).toString())).toBe("rest");
    expect(await readLine()).toBeNull();
  },
);

test("that input is waited for is told once, and taken back when it came", async () => {
  const said: boolean[] = [];
  const stdin = new PassThrough();
  tellWaiting(stdin, (waits) => said.push(waits));
  const line = lineReader(stdin)();
  await vi.waitFor(() => expect(said).toEqual([true]));
  stdin.write("here\n");
  expect(await line).toBe("here");
  expect(said).toEqual([true, false]);
});
