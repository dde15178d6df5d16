import { expect, test } from "vitest";
import { splitFrontMatter } from "../src/notes/front-matter.ts";

test("front matter is read and the body keeps its line numbers", () => {
  const note = splitFrontMatter("---\ntitle: Install\norder: 2\ndraft: true\n---\n# Body\n");
  expect(note).toMatchObject({
    frontMatter: { title: "Install", order: 2, draft: true },
    body: "# Body\n",
    bodyLine: 6,
    warnings: [],
  });
});

test("a note without front matter is its body", () => {
  expect(splitFrontMatter("# Title\n\n---\n")).toMatchObject({
    frontMatter: {},
    body: "# Title\n\n---\n",
    bodyLine: 1,
    warnings: [],
  });
});

test("broken YAML is an error at its line", () => {
  expect(splitFrontMatter("---\ntitle: a\nsummary: b: c\n---\n").error).toMatchObject({ line: 3 });
  expect(splitFrontMatter("---\ntitle: [a\n---\n").error).toMatchObject({ line: expect.any(Number) });
  expect(splitFrontMatter("---\na: 1\na: 2\n---\n").error).toMatchObject({
    line: 3,
    message: expect.stringContaining("unique"),
  });
  expect(splitFrontMatter("---\n\ttitle: x\n---\n").error).toMatchObject({ line: 2 });
});

test("odd front matter is a warning at its line, and the note is usable", () => {
  const note = splitFrontMatter("---\nname: x\ntitle:\n  - a\norder: soon\ndraft: maybe\n---\nText\n");
  expect(note.warnings).toMatchObject([
    { line: 3, message: '"title" should be text, so it is ignored' },
    { line: 5, message: expect.stringContaining('"order"') },
    { line: 6, message: expect.stringContaining('"draft"') },
  ]);
  expect(note.body).toBe("Text\n");
  expect(splitFrontMatter("---\n- a\n---\nText\n").warnings).toMatchObject([{ line: 2 }]);
  expect(splitFrontMatter("+++\ntitle = 'x'\n+++\nText\n")).toMatchObject({
    body: "Text\n",
    bodyLine: 4,
    warnings: [{ line: 1 }],
  });
  expect(splitFrontMatter("---\ntitle: open\n\nText\n").warnings).toMatchObject([
    { line: 1, message: expect.stringContaining("not closed") },
  ]);
});

test("front matter is data: tags, code, merge keys and alias bombs give nothing but text", () => {
  const bomb = `a: &a [x,x]\n${"bcdefghij"
    .split("")
    .map((name, index) => `${name}: &${name} [${`*${"abcdefghi"[index]},`.repeat(9)}]`)
    .join("\n")}\ntitle: *j`;
  const started = process.memoryUsage().heapUsed;
  expect(splitFrontMatter(`---\n${bomb}\n---\n`).frontMatter.title).toBeUndefined();
  expect(process.memoryUsage().heapUsed - started).toBeLessThan(50_000_000);
  expect(splitFrontMatter("---\ntitle: !!js/function 'function(){throw 1}'\n---\n")).toMatchObject({
    frontMatter: { title: "function(){throw 1}" },
    warnings: [{ line: 2 }],
  });
  expect(splitFrontMatter("---js\nprocess.exit(1)\n---\nText").body).toContain("process.exit");
  const proto = splitFrontMatter("---\n__proto__:\n  order: 7\nconstructor: x\n---\n");
  expect(proto.frontMatter.order).toBeUndefined();
  expect(({} as { order?: number }).order).toBeUndefined();
});
