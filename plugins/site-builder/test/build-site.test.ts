import { spawnSync } from "node:child_process";
import { readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuildInput, buildSite } from "../src/build/build-site.ts";
import { dropPages } from "../src/build/page-cache.ts";
import { SiteFolder } from "../src/build/site-folder.ts";
import { ContentManager } from "../src/content/content-manager.ts";
import { openSourceFolder } from "../src/files/source-folder.ts";
import { builtInProvider } from "../src/generation/built-in.ts";
import { noteReader } from "../src/notes/note.ts";
import { planSite } from "../src/plan/site-plan.ts";
import { PIXEL, addFiles, folderWith } from "./fixtures/folders.ts";

const NOTES = {
  "docs/index.md": "# Home\n\nSee [install](guides/install.md), then [use](guides/use.md#second).\n\n![p](img/p.png)\n",
  "docs/guides/install.md": "# Install\n\nHow to install.\n\n## First\n\n## Second\n",
  "docs/guides/use.md": "# Use\n\n[Back](install.md#nowhere) and [gone](gone.md).\n",
  "docs/about.md": "# About\n\nAlone.\n",
  "docs/img/p.png": PIXEL,
};

/** A brain whose notes can be generated, promoted and built. */
async function brain(files: Readonly<Record<string, string | Uint8Array>> = NOTES) {
  const dir = await folderWith(files);
  const output = join(dir, "site");
  const content = await ContentManager.open(join(dir, ".data/content"));
  let number = 0;
  const plan = async () => {
    const folder = await openSourceFolder(dir, "docs");
    const names = await folder.markdownFiles();
    return { folder, names, plan: planSite({ title: "Test" }, names) };
  };
  return {
    dir,
    output,
    cacheDir: join(dir, ".data/pages"),
    page: (file: string) => readFile(join(output, file), "utf8"),
    async publish() {
      const { folder, names, plan: made } = await plan();
      for (const page of made.pages) {
        for (const section of page.sections) {
          const job = `j${++number}`;
          const request = {
            page,
            section,
            files: names,
            notes: noteReader(folder, 100_000),
            signal: AbortSignal.any([]),
            warn() {},
          };
          await content.saveDraft(section.id, await builtInProvider.generate(request), job);
          await content.promote(section.id, job);
        }
      }
    },
    async build(options: Partial<BuildInput> = {}) {
      const { folder, plan: made } = await plan();
      const input = {
        plan: made,
        content,
        stage: "production" as const,
        folder,
        target: new SiteFolder(output, `${++number}`),
        cacheDir: join(dir, ".data/pages"),
      };
      return buildSite({
        ...input,
        signal: AbortSignal.any([]),
        progress() {},
        async beforeSwap() {},
        ...options,
      });
    },
    leftovers: async () => (await readdir(dir)).filter((name) => name.startsWith(".site")),
  };
}

test("a build has all pages, their pictures, the style, the 404 page, and names what is broken", async () => {
  const site = await brain();
  await site.publish();
  const report = await site.build();
  expect(report).toMatchObject({ pages: 5, rendered: 5, reused: 0, assets: 1, missing: [] });
  expect(report.broken).toEqual([
    "docs/guides/use.md:3: link to gone.md leads nowhere",
    "docs/index.md:3: link to guides/use.md#second names a heading that the page does not have",
    "docs/guides/use.md:3: link to install.md#nowhere names a heading that the page does not have",
  ]);
  const names = await readdir(site.output, { recursive: true });
  expect(names).toEqual(
    expect.arrayContaining([
      "index.html",
      "404.html",
      "style.css",
      "about.html",
      "guides/index.html",
      "guides/install.html",
    ]),
  );
  const home = await site.page("index.html");
  expect(home).toContain('<a href="guides/install.html">install</a>');
  expect(home).toMatch(/<img src="(assets\/p-[0-9a-f]{12}\.png)"/);
  expect(await readFile(join(site.output, /src="(assets\/[^"]+)"/.exec(home)?.[1] ?? ""))).toEqual(PIXEL);
  expect(await site.leftovers()).toEqual([]);
});

test("a page can be used by everybody: landmarks, a skip link, one first heading, the current page marked", async () => {
  const site = await brain();
  await site.publish();
  await site.build();
  const page = await site.page("guides/install.html");
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  for (const part of [
    '<a class="skip" href="#content">',
    '<header class="site-header">',
    '<nav id="navigation" aria-label="Site">',
    '<main id="content"',
    '<footer class="site-footer">',
  ]) {
    expect(page).toContain(part);
  }
  expect(page.match(/<h1/g)).toHaveLength(1);
  expect(page).toMatch(/<a href="install\.html" aria-current="page">Install<\/a>/);
  expect(page).toMatch(/<a rel="prev"[^>]*href="index\.html"/);
  expect(page).toMatch(/<a rel="next"[^>]*href="use\.html"/);
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3)/);
});

test("only what changed is rendered again", async () => {
  const site = await brain();
  await site.publish();
  await site.build();
  const before = await site.page("about.html");
  await site.publish();
  expect(await site.build()).toMatchObject({ rendered: 0, reused: 5 });
  await addFiles(site.dir, { "docs/about.md": "# About\n\nNot alone.\n" });
  await site.publish();
  expect(await site.build()).toMatchObject({ rendered: 1, reused: 4 });
  expect(await site.page("about.html")).not.toBe(before);
  await dropPages(site.cacheDir);
  expect(await site.build()).toMatchObject({ rendered: 5, reused: 0 });
});

test("a page is rendered again when what its links or pictures lead to has changed, or its title in the navigation of others", async () => {
  const site = await brain();
  await site.publish();
  await site.build();
  await writeFile(join(site.dir, "docs/img/p.png"), Buffer.concat([PIXEL, Buffer.from("x")]));
  expect(await site.build()).toMatchObject({ rendered: 1, reused: 4 });
  await addFiles(site.dir, { "docs/guides/gone.md": "# Gone\n" });
  await site.publish();
  const report = await site.build();
  expect(report.broken.join()).not.toContain("gone.md");
  expect(await site.page("guides/use.html")).toContain('<a href="gone.html">gone</a>');
  await addFiles(site.dir, { "docs/about.md": "# Who we are\n\nAlone.\n" });
  await site.publish();
  expect(await site.build()).toMatchObject({ rendered: 6 });
});

test("a page that is gone from the notes is gone from the site", async () => {
  const site = await brain();
  await site.publish();
  await site.build();
  await rm(join(site.dir, "docs/about.md"));
  await site.build();
  expect(await readdir(site.output)).not.toContain("about.html");
});

test("drafts stay out of production and are in the preview", async () => {
  const site = await brain({ "docs/index.md": "# Home", "docs/new.md": "---\ndraft: true\n---\n# New" });
  await site.publish();
  expect(await site.build()).toMatchObject({ pages: 1, drafts: ["/new"] });
  expect(await site.build({ stage: "preview" })).toMatchObject({ pages: 2, drafts: [] });
});

test("a cancelled build and a failed one leave the old site as it was, and nothing beside it", async () => {
  const site = await brain();
  await site.publish();
  await site.build();
  const before = await site.page("about.html");
  await addFiles(site.dir, { "docs/about.md": "# About\n\nChanged.\n" });
  await site.publish();
  const stop = new AbortController();
  const progress = () => stop.abort(new Error("cancelled by test"));
  await expect(site.build({ signal: stop.signal, progress })).rejects.toThrow("cancelled by test");
  const beforeSwap = async () => {
    throw new Error("no swap");
  };
  await expect(site.build({ beforeSwap })).rejects.toThrow("no swap");
  expect(await site.page("about.html")).toBe(before);
  expect(await site.leftovers()).toEqual([]);
  expect(await site.build()).toMatchObject({ rendered: 0 });
});

test("a build that was killed goes on with the pages that were rendered before", async () => {
  const site = await brain();
  await site.publish();
  const stop = new AbortController();
  const progress = ({ current }: { current: number }) => current === 3 && stop.abort(new Error("killed"));
  await expect(site.build({ signal: stop.signal, progress })).rejects.toThrow("killed");
  expect(await site.build()).toMatchObject({ rendered: 2, reused: 3 });
});

test("without anything promoted there is nothing to build, and the error says what to do", async () => {
  const site = await brain();
  await expect(site.build()).rejects.toMatchObject({
    code: "NOTHING_TO_BUILD",
    message: expect.stringContaining("promote-all"),
  });
});

test.for(["staged", "stepped-aside", "swapped", "tidied"])(
  "killed when %s, there is a whole site, at the latest after the next build's first step",
  async (point) => {
    const dir = await folderWith();
    const output = join(dir, "site");
    const writer = join(import.meta.dirname, "fixtures", "site-writer.ts");
    const run = (text: string, killAt = "") =>
      spawnSync(process.execPath, [writer, output, text, killAt], { encoding: "utf8" });
    expect(run("old").stdout).toBe("done\n");
    expect(run("new", point).signal).toBe("SIGKILL");
    await new SiteFolder(output, "next").recover();
    expect(await readFile(join(output, "index.html"), "utf8")).toBe(
      point === "staged" || point === "stepped-aside" ? "old" : "new",
    );
    expect(await readdir(dir)).toEqual(["site"]);
  },
);

test("a picture behind a link, and one that can run code, do not get into the site", async () => {
  const outside = await folderWith({ "secret.png": "secret" });
  const site = await brain({
    "docs/index.md": "![a](linked.png) ![b](evil.svg) ![c](good.svg) ![d](../x.png)\n",
    "docs/evil.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "docs/good.svg": '<svg xmlns="http://www.w3.org/2000/svg"><rect width="1" height="1"/></svg>',
    "x.png": "outside",
  });
  await symlink(join(outside, "secret.png"), join(site.dir, "docs/linked.png"));
  await site.publish();
  const report = await site.build();
  expect(report).toMatchObject({ assets: 1 });
  expect(report.broken).toHaveLength(3);
});

test("navigation follows the author's order, then the index note's links, then names; and prev and next follow it", async () => {
  const site = await brain({
    "docs/index.md": "# Home\n\n[z](z.md) [m](guides/m.md)\n",
    "docs/a.md": "# A",
    "docs/z.md": "# Z",
    "docs/10-x.md": "# Ten",
    "docs/2-x.md": "# Two",
    "docs/first.md": "---\norder: 1\n---\n# First",
    "docs/guides/m.md": "# M",
  });
  await site.publish();
  await site.build();
  const home = await site.page("index.html");
  const navigation = home.slice(home.indexOf("<summary>Menu"), home.indexOf("</nav>"));
  expect([...navigation.matchAll(/">([^<]+)<\/a>/g)].map((match) => match[1])).toEqual([
    "Home",
    "First",
    "Z",
    "Guides",
    "M",
    "Two",
    "Ten",
    "A",
  ]);
});

test("with an address, the site has a sitemap and canonical links", async () => {
  const site = await brain();
  await site.publish();
  const folder = await openSourceFolder(site.dir, "docs");
  await site.build({ plan: planSite({ url: "https://example.org/docs" }, await folder.markdownFiles()) });
  expect(await site.page("sitemap.xml")).toContain("<loc>https://example.org/docs/guides/install.html</loc>");
  expect(await site.page("index.html")).toContain('<link rel="canonical" href="https://example.org/docs/"');
  expect(await site.page("404.html")).toContain('href="https://example.org/docs/"');
});
