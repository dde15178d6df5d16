import { expect, test } from "vitest";
import { relativeLink, slug } from "../src/plan/routes.ts";
import { parseSiteDefinition } from "../src/plan/site-definition.ts";
import { planSite } from "../src/plan/site-plan.ts";

const routes = (files: string[]) =>
  planSite({}, files).pages.map(
    (page) => `${page.route} ${page.file} ${page.sections.map((section) => section.template).join()}`,
  );

test("without pages of its own, a site has one page per note and an index per folder", () => {
  expect(routes(["index.md", "intro.md", "guides/install.md", "guides/deep/x.md", "about/README.md"])).toEqual([
    "/ index.html article",
    "/about/ about/index.html article",
    "/intro intro.html article",
    "/guides/install guides/install.html article",
    "/guides/deep/x guides/deep/x.html article",
    "/guides/ guides/index.html contents",
    "/guides/deep/ guides/deep/index.html contents",
  ]);
});

test("a site without an index note gets a home page that lists what there is", () => {
  expect(planSite({}, ["a.md"]).pages.map((page) => page.id)).toEqual(["a", "index"]);
});

test("names that would meet in one address are told apart, with a warning, the same on every machine", () => {
  const plan = planSite({}, [
    "index.md",
    "Install.md",
    "install.md",
    "README.md",
    "caf\u00e9.md",
    "cafe\u0301.md",
    "guides.md",
    "guides/index.md",
  ]);
  const ids = plan.pages.map((page) => page.id);
  expect(new Set(ids.map((id) => id.normalize("NFC").toLowerCase())).size).toBe(ids.length);
  expect(ids).toEqual(
    expect.arrayContaining(["install", "install-2", "readme", "caf\u00e9", "caf\u00e9-2", "guides", "guides-2"]),
  );
  expect(plan.warnings).toHaveLength(3);
});

test.for([
  ["Getting Started", "getting-started"],
  ["CON", "con-page"],
  ["nul.txt", "nul-txt"],
  ["404", "404-page"],
  ["..", /^[0-9a-f]{8}$/],
  ["a\0b", "a-b"],
  ["a:b|c?", "a-b-c"],
  ["trailing. ", "trailing"],
  ["日本語", "日本語"],
  ["x".repeat(4_096), /^x{90}-[0-9a-f]{8}$/],
  ["é".repeat(300), /^é{45}-[0-9a-f]{8}$/],
] as const)("the name %j becomes a part of a route that is safe everywhere", ([name, expected]) => {
  expect(slug(name)).toMatch(typeof expected === "string" ? new RegExp(`^${expected}$`) : expected);
});

test("links between pages are relative, so a site works from any folder", () => {
  expect(relativeLink("index.html", "guides/a b.html")).toBe("guides/a%20b.html");
  expect(relativeLink("guides/deep/x.html", "guides/install.html")).toBe("../install.html");
  expect(relativeLink("guides/install.html", "index.html")).toBe("../index.html");
  expect(relativeLink("a/x.html", "a/x.html")).toBe("x.html");
});

test("explicit pages are planned as written, and auto adds the notes that no article shows", () => {
  const settings = parseSiteDefinition(
    "title: My site\nauto: true\npages:\n  - route: /\n    sections:\n      - {id: hero, template: hero, sources: index.md}\n      - {id: notes, template: list, title: Notes, sources: ['notes/*.md']}\n  - route: /start/\n    title: Start\n    sections:\n      - {id: body, template: article, sources: intro.md}\n",
    "docs/site.yaml",
  );
  const plan = planSite(settings, ["intro.md", "notes/a.md"]);
  expect(
    plan.pages.map((page) => `${page.id} ${page.file} ${page.sections.map((section) => section.id).join()}`),
  ).toEqual([
    "index index.html index:hero,index:notes",
    "start start/index.html start:body",
    "notes/a notes/a.html notes/a:body",
    "notes notes/index.html notes:contents",
  ]);
  expect(plan.pageOfSource.get("intro.md")).toBe("start");
});

test.for([
  ["title: [a", /^docs\/site\.yaml:1: not valid YAML/],
  ["title: a\nurll: x\n", /^docs\/site\.yaml:2: "urll" is not a setting\. Did you mean "url"\?/],
  [
    "pages:\n  - route: /\n    sections:\n      - id: a\n        template: artcle\n        sources: x.md\n",
    /^docs\/site\.yaml:5: pages\.0\.sections\.0\.template/,
  ],
  ["pages:\n  - route: /\n    sections: []\n", /^docs\/site\.yaml:3: pages\.0\.sections/],
  ["url: ftp://x\n", /^docs\/site\.yaml:1: url/],
  ["- a\n", /^docs\/site\.yaml:1: /],
] as const)("a mistake in the site definition is refused with file and line: %j", ([text, expected]) => {
  expect(() => parseSiteDefinition(text, "docs/site.yaml")).toThrow(
    expect.objectContaining({ code: "SITE_INVALID", message: expect.stringMatching(expected) }),
  );
});

test("routes that cannot be, and pages that meet, are refused", () => {
  const page = (route: string) => ({ route, sections: [{ id: "a", template: "article" as const, sources: "a.md" }] });
  expect(() => planSite({ pages: [page("/About Us")] }, [])).toThrow(/Use "about-us"/);
  expect(() => planSite({ pages: [page("/../x")] }, [])).toThrow(/cannot be part of a route/);
  expect(() => planSite({ pages: [page("/a"), page("a/")] }, [])).toThrow(/Two pages/);
});
