import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createTestShell } from "@brains/shell/testing";
import { expect, onTestFinished, test } from "vitest";
import plugin from "../src/index.ts";
import { addFiles } from "./fixtures/folders.ts";

const DOCS = {
  "docs/index.md": "# Manual\n\n[Install](guides/install.md)\n",
  "docs/guides/install.md": "# Install\n\nVersion one.\n",
  "docs/guides/use.md": "# Use\n\nText.\n",
};

async function brain(files: Record<string, string> = DOCS, config: object = {}) {
  const brain = await createTestShell({ plugins: [plugin], files, config: { "site-builder": config }, limit: 60_000 });
  onTestFinished(() => brain.dispose());
  const queued = async (tool: string, input: object = {}, after: number[] = []) => {
    const reply = await brain.call(tool, input, { after });
    if (reply.kind !== "queued") throw new Error(`${tool} queued nothing: ${JSON.stringify(reply)}`);
    return reply.queued.number;
  };
  const data = async (tool: string, input: object = {}) => {
    const reply = await brain.call(tool, input);
    if (reply.kind !== "data") throw new Error(`${tool} queued something`);
    return reply.data as {
      sections: { section: string; status: string; production?: { version: string; versions: number } }[];
      total: number;
    };
  };
  const page = (file: string) => readFile(join(brain.brainDir, "site", file), "utf8");
  const publish = async () => {
    for (const tool of ["generate-all", "promote-all", "build-site"])
      expect(await brain.run(tool), tool).toMatchObject({ state: "completed" });
  };
  return { ...brain, queued, data, page, publish };
}

test("generate, promote and build, queued at once one after the other, give a site", async () => {
  const { queued, queue, page } = await brain();
  const generate = await queued("generate-all");
  const promote = await queued("promote-all", {}, [generate]);
  const build = await queued("build-site", {}, [promote]);
  expect(await queue.service.wait(build, { timeout: 30_000 })).toMatchObject({
    state: "completed",
    result: { pages: 4, rendered: 4, brokenCount: 0 },
    progress: { current: 4, total: 4, unit: "pages" },
  });
  expect(await queue.batches.getBatchStatus(generate)).toMatchObject({
    status: "completed",
    totalOperations: 4,
    completedOperations: 4,
    label: "Generate all sections",
    unit: "sections",
  });
  expect(await queue.batches.getBatchStatus(promote)).toMatchObject({
    status: "completed",
    totalOperations: 4,
    completedOperations: 4,
  });
  expect(await page("guides/install.html")).toContain("Version one.");
});

test("a second round changes nothing and renders nothing", async () => {
  const { run, publish } = await brain();
  await publish();
  expect(await run("generate-all")).toMatchObject({ state: "completed" });
  expect(await run("promote-all")).toMatchObject({ batch: { totalOperations: 0 } });
  expect(await run("build-site")).toMatchObject({ result: { rendered: 0, reused: 4 } });
  expect(await run("build-site", { clean: true })).toMatchObject({ result: { rendered: 4, reused: 0 } });
});

test("a broken source fails its section alone, with file and line; mended, a retry completes job and batch in run 2", async () => {
  const { run, queue, brainDir, publish, page, data } = await brain({
    ...DOCS,
    "docs/bad.md": "---\ntitle: a\nsummary: b: c\n---\n# Bad\n",
  });
  const failed = await run("generate-all");
  const message = "docs/bad.md:3: front matter is not valid YAML: Nested mappings are not allowed in compact mappings";
  expect(failed).toMatchObject({
    state: "failed",
    batch: { totalOperations: 5, completedOperations: 4, failedOperations: 1, errors: [{ message }] },
  });
  const [job] = (await queue.service.list({ state: "failed" })).items;
  expect(job).toMatchObject({
    label: "bad:body",
    attempt: 1,
    error: { message, code: "CONTENT_INVALID", data: { file: "docs/bad.md", line: 3 } },
  });
  expect((await data("content")).sections.filter((section) => section.status === "new")).toHaveLength(4);

  await addFiles(brainDir, { "docs/bad.md": "---\ntitle: Mended\n---\nText\n" });
  await queue.service.retry(job?.number ?? 0);
  expect(await queue.batches.wait(failed.batch?.number ?? 0, { timeout: 10_000 })).toMatchObject({
    status: "completed",
    run: 2,
    completedOperations: 5,
  });
  expect(await queue.service.getStatus(job?.number ?? 0)).toMatchObject({ state: "completed", run: 2 });
  await publish();
  expect(await page("bad.html")).toContain('<h1 id="mended">Mended</h1>');
});

test("rollback-all restores the version before of what has one, promote-all goes forward again", async () => {
  const { run, brainDir, publish, page } = await brain();
  await publish();
  await addFiles(brainDir, { "docs/guides/install.md": "# Install\n\nVersion two.\n" });
  await publish();
  expect(await page("guides/install.html")).toContain("Version two.");
  expect(await run("rollback-all")).toMatchObject({ state: "completed", batch: { totalOperations: 2 } });
  await run("build-site");
  expect(await page("guides/install.html")).toContain("Version one.");
  expect(await run("rollback-all")).toMatchObject({ state: "completed", batch: { totalOperations: 0 } });
  await run("promote-all");
  await run("build-site");
  expect(await page("guides/install.html")).toContain("Version two.");
});

test("one page or one section is generated, promoted and rolled back by its id", async () => {
  const { run, brainDir, data } = await brain();
  expect(await run("generate", { page: "/guides/install" })).toMatchObject({
    batch: { totalOperations: 1, label: "Generate guides/install:body" },
  });
  expect(await run("generate", { page: "docs/guides/use.md", section: "body" })).toMatchObject({
    batch: { totalOperations: 1 },
  });
  expect(await run("promote", { ids: ["guides/install"] })).toMatchObject({ state: "completed" });
  await addFiles(brainDir, { "docs/guides/install.md": "# Install\n\nVersion two.\n" });
  await run("generate", { page: "guides/install" });
  await run("promote", { ids: ["guides/install:body"] });
  const [before] = (await data("content", { page: "guides/install" })).sections;
  expect(before).toMatchObject({ section: "guides/install:body", status: "promoted", production: { versions: 2 } });
  await run("rollback", { ids: ["guides/install:body"] });
  expect((await data("content", { page: "guides/install" })).sections).toMatchObject([
    { status: "changed", production: { versions: 1 } },
  ]);
});

test.for([
  ["generate", { page: "guides/instal" }, /No page "guides\/instal"\. Did you mean "guides\/install"\?/],
  ["generate", { page: "guides/install", section: "bdoy" }, /no section "bdoy"\. Did you mean "body"\?/],
  [
    "promote",
    { ids: ["index:body", "guides/use:boby"] },
    /No section "guides\/use:boby"\. Did you mean "guides\/use:body"\?/,
  ],
  ["rollback", { ids: ["index"] }, /No earlier production version to go back to: index:body/],
  ["build-site", { outputDir: "../out" }, /holds `\.\.`/],
  ["build-site", { outputDir: "docs" }, /would replace the content folder/],
  ["promote", { ids: [] }, /ids/],
] as const)("%s %j is refused before anything is enqueued, with what to do", async ([tool, input, message]) => {
  const { call, queue } = await brain();
  await expect(call(tool, input)).rejects.toThrow(message);
  expect((await queue.service.list()).items).toEqual([]);
});

test("a dry run tells what would be done and enqueues nothing", async () => {
  const { data, run, queue } = await brain();
  await run("generate-all");
  const before = (await queue.service.list()).items.length;
  for (const [tool, total] of [
    ["generate", 4],
    ["generate-all", 4],
    ["promote-all", 4],
    ["rollback-all", 0],
  ] as const) {
    expect(await data(tool, { dryRun: true }), tool).toMatchObject({ dryRun: true, total });
  }
  expect(await data("promote", { ids: ["guides"], dryRun: true })).toMatchObject({ sections: ["guides:contents"] });
  expect((await queue.service.list()).items.length).toBe(before);
});

test("a build is for operators, reading for viewers", async () => {
  const { call, as } = await brain();
  await expect(call("build-site", {}, { caller: as("viewer") })).rejects.toMatchObject({
    code: expect.stringMatching(/FORBIDDEN|DENIED|NOT_ALLOWED|RIGHT|ROLE/),
  });
  expect(await call("content", {}, { caller: as("viewer") })).toMatchObject({ kind: "data" });
});

test("a build without anything promoted fails at once and says what to do", async () => {
  const { run } = await brain();
  expect(await run("build-site")).toMatchObject({
    state: "failed",
    error: { code: "NOTHING_TO_BUILD", message: expect.stringContaining("promote-all") },
    job: { attempt: 1 },
  });
});

test("a brain without notes, and one with a mistake in site.yaml, say so at once", async () => {
  const empty = await brain({ "docs/x.txt": "" });
  await expect(empty.call("generate-all")).rejects.toMatchObject({ code: "SITE_EMPTY" });
  const wrong = await brain({ ...DOCS, "docs/site.yaml": "title: x\npages: none\n" });
  await expect(wrong.call("generate-all")).rejects.toMatchObject({
    code: "SITE_INVALID",
    message: expect.stringMatching(/^docs\/site\.yaml:2: pages/),
  });
});

test("two hundred sections are each there once, and the counts add up", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 199 }, (_, index) => [`docs/n${index}.md`, `# Note ${index}\n\nText.\n`]),
  );
  const { run, queue, brainDir } = await brain(files);
  expect(await run("generate-all")).toMatchObject({
    state: "completed",
    batch: { totalOperations: 200, completedOperations: 200, failedOperations: 0 },
  });
  expect(await run("promote-all")).toMatchObject({
    state: "completed",
    batch: { totalOperations: 200, completedOperations: 200 },
  });
  expect(await run("build-site")).toMatchObject({ state: "completed", result: { pages: 200, missing: [] } });
  expect((await readdir(join(brainDir, "site"))).filter((name) => /^n\d+\.html$/.test(name))).toHaveLength(199);
  const labels = (await queue.service.list({ type: "site-builder:generate-section", limit: 1_000 })).items.map(
    (job) => job.label,
  );
  expect(new Set(labels).size).toBe(200);
}, 60_000);

test("a site of its own pages is built from site.yaml, in its own folder", async () => {
  const site =
    "title: Garden\ndescription: Notes that grow\npages:\n  - route: /\n    title: Welcome\n    sections:\n      - {id: hero, template: hero, sources: index.md}\n      - {id: all, template: list, title: All notes, sources: 'guides/*.md'}\n  - route: /guide\n    sections: [{id: body, template: article, sources: 'guides/*.md'}]\n";
  const { publish, brainDir } = await brain({ ...DOCS, "docs/site.yaml": site }, { output: "public" });
  await publish();
  const home = await readFile(join(brainDir, "public/index.html"), "utf8");
  expect(home).toContain("<title>Welcome · Garden</title>");
  expect(home).toContain('<h2 id="all-notes">All notes</h2>');
  expect(home).toContain('<a href="guide.html">Install</a>');
});
