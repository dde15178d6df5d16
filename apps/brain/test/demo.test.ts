import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BatchInfo } from "@brains/job-queue";
import { expect, test } from "vitest";
import { makeBrain } from "./brain-kit.ts";

const CONFIG = "plugins:\n  - name: site-builder\n    config: { content: docs, output: site }\n";
const DOCS = {
  "docs/index.md": "# Home\n\nThe first page.\n",
  "docs/guide.md": "# Guide\n\nHow to do it. See [home](index.md).\n",
};

test("without a terminal the demonstration tells each change, ends with 0 and prints the site's folder", async () => {
  const brain = await makeBrain({ files: { "brains.yaml": CONFIG, ...DOCS } });
  const first = await brain.run("demo", "--config", "brains.yaml");
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain(`The site: ${join(brain.dir, "site")}`);
  expect(first.stdout).toContain("2 pages: 2 rendered, 0 unchanged");
  const told = first.stdout + first.stderr;
  for (const label of ["Generate all sections", "Promote all sections", "Build the site"]) {
    expect(told).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d +#\\d+ ${label}.*done`, "m"));
  }
  expect(await readFile(join(brain.dir, "site", "guide.html"), "utf8")).toContain("How to do it");

  // Nothing changed, so nothing is rendered again; one change renders one page.
  expect((await brain.run("demo", "--config", "brains.yaml")).stdout).toContain("2 pages: 0 rendered, 2 unchanged");
  await brain.write("docs/guide.md", "# Guide\n\nHow to do it better.\n");
  expect((await brain.run("demo", "--config", "brains.yaml")).stdout).toContain("2 pages: 1 rendered, 1 unchanged");
});

test("one broken source fails its section with file and line; the others are usable, and a retry after mending completes", async () => {
  const broken = { "docs/broken.md": "---\ntitle: [x\n---\n\n# Broken\n" };
  const brain = await makeBrain({ files: { "brains.yaml": CONFIG, ...DOCS, ...broken } });
  const ended = await brain.run("demo", "--config", "brains.yaml");
  expect(ended.code).not.toBe(0);
  expect(ended.stdout + ended.stderr).toContain("broken.md:2");
  expect(ended.stdout).not.toContain("The site:");

  const queue = await brain.queue();
  const batch = async (): Promise<BatchInfo | undefined> =>
    (await queue.batches.list()).items.find(({ label }) => label === "Generate all sections");
  const failed = await batch();
  expect(failed).toMatchObject({ status: "failed", run: 1, percent: 100, failedOperations: 1 });
  expect(failed?.completedOperations).toBe((failed?.totalOperations ?? 0) - 1);
  expect(failed?.errors[0]?.message).toContain("broken.md:2");

  await brain.write("docs/broken.md", "---\ntitle: x\n---\n\n# x\n\nIt is mended.\n");
  expect((await brain.run("retry", `${failed?.number}`)).code).toBe(0);
  expect((await brain.run("wait", `${failed?.number}`)).code).toBe(0);
  expect(await batch()).toMatchObject({ status: "completed", run: 2, failedOperations: 0 });
  for (const tool of ["promote-all", "build-site"]) expect((await brain.run("run", tool, "--wait")).code).toBe(0);
  expect(await readFile(join(brain.dir, "site", "broken.html"), "utf8")).toContain("It is mended.");
});
