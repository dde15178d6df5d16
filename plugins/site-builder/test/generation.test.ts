import { expect, test } from "vitest";
import type { Template } from "../src/config.ts";
import { openSourceFolder } from "../src/files/source-folder.ts";
import { openProvider } from "../src/generation/provider.ts";
import { noteReader } from "../src/notes/note.ts";
import { folderWith } from "./fixtures/folders.ts";

const NOTES = {
  "docs/index.md": "---\ntitle: The manual\ndescription: All of it.\n---\n\nRead [b](guides/b.md).\n",
  "docs/a_b.md": "# A *bold* [title](x.md)\n\nFirst sentence. Second one.\n",
  "docs/guides/a.md": "# Alpha\n\n![badge](x.png)\n\nAbout alpha.\n\n## One\n\n### Two {#own}\n\n## One\n",
  "docs/guides/b.md": "# Beta\n",
  "docs/guides/README.md": "# Guides\n\nFirst [b](b.md).\n",
  "docs/broken.md": "---\ntitle: a: b\n---\n",
  "docs/empty.md": "",
};

async function generate(template: Template, sources: string[], files: Record<string, string> = NOTES) {
  const folder = await openSourceFolder(await folderWith(files), "docs");
  const warnings: string[] = [];
  const content = await (
    await openProvider("built-in")
  ).generate({
    page: { id: "index", title: undefined },
    section: { id: "index:x", template, sources },
    files: await folder.markdownFiles(),
    notes: noteReader(folder, 100_000),
    signal: AbortSignal.any([]),
    warn: (message) => void warnings.push(message),
  });
  return { ...content, warnings, markdown: content.parts.map((part) => part.markdown).join("\n") };
}

test("an article is the note, with its title, summary and the line at which it starts", async () => {
  expect(await generate("article", ["index.md"])).toMatchObject({
    title: "The manual",
    description: "All of it.",
    mentions: ["guides/b.md"],
    parts: [{ source: "index.md", line: 5, markdown: "\nRead [b](guides/b.md).\n" }],
  });
  expect(await generate("article", ["a_b.md"])).toMatchObject({
    title: "A bold title",
    description: "First sentence. Second one.",
  });
  expect(await generate("article", ["empty.md"])).toMatchObject({ title: "Empty", description: undefined });
});

test("an article over broken front matter fails with file and line, and one over nothing says what it looked for", async () => {
  await expect(generate("article", ["broken.md"])).rejects.toMatchObject({
    code: "CONTENT_INVALID",
    message: expect.stringMatching(/^docs\/broken\.md:2: front matter is not valid YAML: /),
  });
  await expect(generate("article", ["gone.md"])).rejects.toMatchObject({
    code: "CONTENT_MISSING",
    message: "docs/gone.md: does not exist.",
  });
  await expect(generate("list", ["none/*.md"])).rejects.toMatchObject({
    code: "CONTENT_MISSING",
    message: expect.stringContaining('"none/*.md"'),
  });
});

test("a list shows every note with its summary, and a broken one under its file's name with a warning", async () => {
  const { markdown, warnings } = await generate("list", ["*.md"]);
  expect(markdown).toBe(
    "- [A bold title](/a_b.md)\n\n  First sentence. Second one.\n\n- [Broken](/broken.md)\n\n- [Empty](/empty.md)\n\n- [The manual](/index.md)\n\n  All of it.\n",
  );
  expect(warnings).toEqual([expect.stringMatching(/^docs\/broken\.md:2: /)]);
});

test("contents group notes by folder, in the order in which the folder's index mentions them", async () => {
  const { markdown } = await generate("contents", ["**"]);
  expect(markdown).toMatch(
    /^- \[A bold title\][\s\S]*## \[Guides\]\(\/guides\/\)\n\nFirst b\.\n\n- \[Beta\]\(\/guides\/b\.md\)\n\n- \[Alpha\]\(\/guides\/a\.md\)\n\n {2}About alpha\.\n$/,
  );
});

test("hero, summary and toc are made of what the notes say", async () => {
  expect(await generate("hero", ["index.md"])).toMatchObject({ title: "The manual", markdown: "All of it." });
  expect((await generate("summary", ["guides/*.md"])).markdown).toContain("## [Alpha](/guides/a.md)\n\nAbout alpha.");
  expect((await generate("toc", ["guides/a.md"])).markdown).toBe(
    "- [Alpha](/guides/a.md)\n  - [One](/guides/a.md#one)\n    - [Two](/guides/a.md#own)\n  - [One](/guides/a.md#one-1)\n",
  );
});

test("text of a note cannot become markup of the list", async () => {
  const { markdown } = await generate("list", ["*.md"], {
    "docs/x.md": "---\ntitle: '](javascript:x) <b> `c` *d* [e'\ndescription: '# 1. - <script>'\n---\n",
  });
  expect(markdown).toBe("- [\\](javascript:x) \\<b\\> \\`c\\` \\*d\\* \\[e](/x.md)\n\n  \\# 1. - \\<script\\>\n");
});

test("equal notes give equal sections, byte for byte", async () => {
  for (const template of ["article", "list", "contents", "toc"] as const) {
    const sources = template === "toc" ? ["guides/*.md"] : template === "article" ? ["a_b.md"] : ["**"];
    expect(JSON.stringify(await generate(template, sources))).toBe(JSON.stringify(await generate(template, sources)));
  }
});
