import { spawnSync } from "node:child_process";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ContentManager } from "../src/content/content-manager.ts";
import { runSteps } from "./fixtures/content-steps.ts";
import { folderWith } from "./fixtures/folders.ts";
import { sectionWith } from "./fixtures/section-with.ts";

const one = sectionWith("one");
const two = sectionWith("two");
const three = sectionWith("three");

async function shown(
  manager: ContentManager,
  stage: "preview" | "production",
  section = "a:body",
): Promise<string | undefined> {
  const version = (await manager.snapshot(stage)).get(section);
  return version && (await manager.read(version.hash)).parts[0]?.markdown;
}

test("what is saved is in preview, what is promoted in production, and another manager sees both", async () => {
  const folder = await folderWith();
  const manager = await ContentManager.open(folder);
  await manager.saveDraft("a:body", one, "j1");
  await manager.promote("a:body", "j2");
  await manager.saveDraft("a:body", two, "j3");
  const other = await ContentManager.open(folder);
  expect([await shown(other, "preview"), await shown(other, "production")]).toEqual(["two", "one"]);
  expect(await other.sections()).toMatchObject([{ section: "a:body", earlierInPreview: 1, earlierInProduction: 0 }]);
});

test("the same content again is no new version", async () => {
  const manager = await ContentManager.open(await folderWith());
  expect(await manager.saveDraft("a:body", one, "j1")).toMatchObject({ changed: true, versions: 1 });
  expect(await manager.saveDraft("a:body", sectionWith("one"), "j2")).toMatchObject({ changed: false, versions: 1 });
});

test("a rollback restores the version before, one step at a time, and promote goes forward again", async () => {
  const manager = await ContentManager.open(await folderWith());
  for (const [index, content] of [one, two, three].entries()) {
    await manager.saveDraft("a:body", content, `save${index}`);
    await manager.promote("a:body", `promote${index}`);
  }
  await manager.rollback("a:body", "production", "back1");
  expect(await shown(manager, "production")).toBe("two");
  await manager.rollback("a:body", "production", "back2");
  expect(await shown(manager, "production")).toBe("one");
  await expect(manager.rollback("a:body", "production", "back3")).rejects.toMatchObject({ code: "NO_EARLIER_VERSION" });
  await manager.promote("a:body", "again");
  expect(await shown(manager, "production")).toBe("three");
  await manager.rollback("a:body", "preview", "back4");
  expect(await shown(manager, "preview")).toBe("two");
});

test("a job that is repeated does nothing a second time, whatever came in between", async () => {
  const manager = await ContentManager.open(await folderWith());
  await manager.saveDraft("a:body", one, "s1");
  await manager.promote("a:body", "p1");
  await manager.saveDraft("a:body", two, "s2");
  await manager.promote("a:body", "p2");
  await manager.rollback("a:body", "production", "back");
  expect(await manager.rollback("a:body", "production", "back")).toMatchObject({ changed: false });
  expect(await manager.promote("a:body", "p2")).toMatchObject({ changed: false });
  expect(await shown(manager, "production")).toBe("one");
  expect(await manager.saveDraft("a:body", one, "s1")).toMatchObject({ changed: false });
  expect(await shown(manager, "preview")).toBe("two");
});

test("a repeated generation whose source changed corrects its own version and adds none", async () => {
  const manager = await ContentManager.open(await folderWith());
  await manager.saveDraft("a:body", one, "s1");
  await manager.saveDraft("a:body", two, "s2");
  expect(await manager.saveDraft("a:body", three, "s2")).toMatchObject({ changed: true, versions: 2 });
});

test("a section that was never generated cannot be promoted", async () => {
  const manager = await ContentManager.open(await folderWith());
  await expect(manager.promote("a:body", "p")).rejects.toMatchObject({ code: "NOTHING_TO_PROMOTE" });
});

test("a hundred changes at once are all there, in far fewer manifests", async () => {
  const folder = await folderWith();
  const manager = await ContentManager.open(folder);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      manager.saveDraft(`p${index}:body`, sectionWith(`text ${index}`), `j${index}`),
    ),
  );
  expect((await manager.snapshot("preview")).size).toBe(100);
  const [newest] = (await readdir(folder))
    .filter((name) => name.startsWith("preview."))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  expect(Number(newest?.split(".")[1])).toBeLessThan(60);
});

test("two managers that write at the same time lose nothing of each other", async () => {
  const folder = await folderWith();
  const managers = [await ContentManager.open(folder), await ContentManager.open(folder)];
  const saves = Array.from({ length: 40 }, (_, index) =>
    managers[index % 2]!.saveDraft(`p${index}:body`, sectionWith(`text ${index}`), `j${index}`),
  );
  await Promise.all(saves);
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => managers[(index + 1) % 2]!.promote(`p${index}:body`, `k${index}`)),
  );
  expect([...(await managers[0]!.snapshot("production")).keys()]).toHaveLength(40);
});

test("killed at any point, a process leaves a store that opens, and its repetition ends as if nothing had happened", async () => {
  const steps =
    "save a:body s1 one,promote a:body p1,save a:body s2 two,promote a:body p2,save b:body s3 three,rollback a:body r1";
  const writer = join(import.meta.dirname, "fixtures", "content-writer.ts");
  let points = 0;
  for (let killAt = 1; ; killAt++) {
    const folder = await folderWith();
    const first = spawnSync(process.execPath, [writer, folder, steps, String(killAt)], { encoding: "utf8" });
    if (first.stdout.includes("done")) break;
    expect(first.signal, first.stderr).toBe("SIGKILL");
    points++;
    const between = await ContentManager.open(folder);
    for (const stage of ["preview", "production"] as const) {
      for (const version of (await between.snapshot(stage)).values()) await between.read(version.hash);
    }
    const after = await ContentManager.open(folder);
    await runSteps(after, steps);
    expect(
      [await shown(after, "preview"), await shown(after, "production"), await shown(after, "preview", "b:body")],
      first.stdout,
    ).toEqual(["two", "one", "three"]);
    expect(await after.sections(), first.stdout).toMatchObject([
      { earlierInPreview: 1, earlierInProduction: 0 },
      { earlierInPreview: 0 },
    ]);
  }
  expect(points).toBeGreaterThan(12);
}, 60_000);

test("a damaged manifest is named, and so is damaged content", async () => {
  const folder = await folderWith();
  const manager = await ContentManager.open(folder);
  const { hash } = await manager.saveDraft("a:body", one, "j1");
  await writeFile(join(folder, "preview.2.json"), '{"format":1,');
  await expect((await ContentManager.open(folder)).sections()).rejects.toMatchObject({
    code: "CONTENT_STORE_DAMAGED",
    message: expect.stringContaining("preview.2.json"),
  });
  await writeFile(join(folder, "objects", `${hash}.json`), "{}");
  await expect(manager.read(hash)).rejects.toMatchObject({ code: "CONTENT_STORE_DAMAGED" });
});

test("only so many versions are kept, and a sweep removes old content that none refers to", async () => {
  const folder = await folderWith();
  const manager = await ContentManager.open(folder, { history: 2 });
  const { hash } = await manager.saveDraft("a:body", one, "j1");
  await manager.saveDraft("a:body", two, "j2");
  await manager.saveDraft("a:body", three, "j3");
  expect(await manager.sweep()).toBe(0);
  await utimes(join(folder, "objects", `${hash}.json`), 0, 0);
  expect(await manager.sweep()).toBe(1);
  expect(await shown(manager, "preview")).toBe("three");
});
