import { once } from "node:events";
import { chmod, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkOutputFolder } from "../src/build/output-folder.ts";
import { SiteFolder } from "../src/build/site-folder.ts";
import { folderOfPattern } from "../src/files/glob.ts";
import { openSourceFolder } from "../src/files/source-folder.ts";
import { folderWith } from "./fixtures/folders.ts";

async function brain() {
  const brainDir = await folderWith({
    "docs/index.md": "# Hi",
    "file.txt": "x",
    "mine/notes.txt": "x",
    "old/.brains-site.json": "{}",
    ".brains/data/site-builder/x": "",
  });
  const outside = await folderWith({ "secret.md": "# Secret" });
  await symlink(outside, join(brainDir, "link"));
  await mkdir(join(brainDir, "Twin"));
  const rules = {
    brainDir,
    dataDir: join(brainDir, ".brains/data/site-builder"),
    contentRoot: join(brainDir, "docs"),
    configured: "site",
  };
  return { brainDir, outside, rules };
}

test("a new folder, an empty one and one that a build made are taken", async () => {
  const { brainDir, rules } = await brain();
  for (const folder of ["site", "out/public", "old", "Twin", ".brains/data/site-builder/site"]) {
    expect(await checkOutputFolder(folder, rules)).toBe(join(brainDir, folder));
  }
  expect(await checkOutputFolder(join(brainDir, "abs"), rules)).toBe(join(brainDir, "abs"));
});

test.for([
  "../x",
  "a/../../x",
  "..",
  "/abs-nowhere",
  "/etc",
  "/",
  ".",
  "C:\\x",
  "a\\b",
  "CON",
  "aux/site",
  "com1.d",
  "a\0b",
  "dot.",
  "space ",
  "x:y",
  "a\nb",
  "x".repeat(300),
  "y/".repeat(2_048) + "y",
  "docs",
  "docs/site",
  ".git",
  ".brains",
  ".brains/data",
  ".hidden/site",
  "node_modules/site",
  "link",
  "link/site",
  "file.txt",
  "file.txt/site",
  "mine",
  "TWIN",
  "twin/site",
])("the folder %j is refused for a site", async (folder) => {
  const { rules } = await brain();
  await expect(checkOutputFolder(folder, rules)).rejects.toMatchObject({ code: "OUTPUT_REFUSED" });
});

test("only the folder in the config may lie outside of the brain", async () => {
  const { outside, rules } = await brain();
  const folder = join(outside, "public");
  await expect(checkOutputFolder(folder, rules)).rejects.toMatchObject({ code: "OUTPUT_REFUSED" });
  expect(await checkOutputFolder(folder, { ...rules, configured: folder })).toBe(folder);
});

test("an accented twin in another spelling is refused", async () => {
  const { brainDir, rules } = await brain();
  await mkdir(join(brainDir, "caf\u00e9"));
  await expect(checkOutputFolder("cafe\u0301", rules)).rejects.toMatchObject({ code: "OUTPUT_REFUSED" });
});

test("only the folders in which a pattern can match are looked through, and what is left out stays out", async () => {
  const dir = await folderWith({
    "docs/top.md": "",
    "docs/a/one.md": "",
    "docs/a/deep/two.md": "",
    "docs/ab/three.md": "",
    "docs/.hidden/four.md": "",
  });
  await symlink(join(dir, "docs/a"), join(dir, "docs/linked"));
  const folder = await openSourceFolder(dir, "docs");
  const under = (...patterns: string[]) => folder.markdownFiles({ under: patterns.map(folderOfPattern) });
  expect(await under("a/**", "./a/deep/*.md")).toEqual(["a/deep/two.md", "a/one.md"]);
  expect(await under("a/deep/t?o.md", "ab/*")).toEqual(["a/deep/two.md", "ab/three.md"]);
  expect(await under("a*/*.md")).toHaveLength(4);
  expect(await under("linked/**", ".hidden/**", "absent/**", "../**")).toEqual([]);
  expect(await under()).toEqual([]);
});

test("sources outside of the content folder, links and odd files are not read", async () => {
  const { brainDir, outside } = await brain();
  await symlink(join(outside, "secret.md"), join(brainDir, "docs/linked.md"));
  await symlink(outside, join(brainDir, "docs/folder"));
  await mkdir(join(brainDir, "docs/folder.md"));
  const server = createServer().listen(join(brainDir, "docs/socket.md"));
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const folder = await openSourceFolder(brainDir, "docs");
  expect(await folder.markdownFiles()).toEqual(["index.md"]);
  for (const path of [
    "linked.md",
    "folder/secret.md",
    "../file.txt",
    "/etc/passwd",
    "a\0b",
    "socket.md",
    "folder.md",
    "",
  ]) {
    await expect(folder.read(path, 1_000), path).rejects.toMatchObject({ code: "CONTENT_UNREADABLE" });
  }
  for (const path of ["none.md", "index.md/x", "n".repeat(300)]) {
    await expect(folder.read(path, 1_000), path).rejects.toMatchObject({
      code: "CONTENT_MISSING",
      message: expect.stringContaining("docs/"),
    });
  }
  await expect(folder.read("index.md", 3)).rejects.toMatchObject({ code: "CONTENT_TOO_LARGE" });
});

test("a folder that is swapped for a link while it is read gives nothing from behind the link", async () => {
  const { brainDir, outside } = await brain();
  await writeFile(join(outside, "index.md"), "secret");
  await mkdir(join(brainDir, "docs/sub"));
  await writeFile(join(brainDir, "docs/sub/index.md"), "public");
  await symlink(outside, join(brainDir, "docs/evil"));
  const folder = await openSourceFolder(brainDir, "docs");
  const at = (name: string) => join(brainDir, "docs", name);
  const swapping = new AbortController();
  const swapper = (async () => {
    while (!swapping.signal.aborted) {
      await rename(at("sub"), at("kept"));
      await rename(at("evil"), at("sub"));
      await rename(at("sub"), at("evil"));
      await rename(at("kept"), at("sub"));
    }
  })();
  const read = new Set<string>();
  for (let round = 0; round < 400; round++) {
    read.add(await folder.read("sub/index.md", 100).then(String, (error: { code: string }) => error.code));
  }
  swapping.abort();
  await swapper;
  expect([...read].filter((result) => result !== "public" && !result.startsWith("CONTENT_"))).toEqual([]);
  expect(read.size).toBeGreaterThan(1);
}, 60_000);

test.skipIf(process.getuid?.() === 0)("a file without permission is named", async () => {
  const { brainDir } = await brain();
  await chmod(join(brainDir, "docs/index.md"), 0);
  const folder = await openSourceFolder(brainDir, "docs");
  await expect(folder.read("index.md", 100)).rejects.toMatchObject({
    code: "CONTENT_UNREADABLE",
    message: expect.stringContaining("docs/index.md"),
  });
});

test.skipIf(process.getuid?.() === 0)("a folder without permission is named", async () => {
  const { brainDir } = await brain();
  const closed = join(brainDir, "docs/closed");
  await mkdir(closed, { mode: 0 });
  onTestFinished(() => chmod(closed, 0o700));
  const folder = await openSourceFolder(brainDir, "docs");
  await expect(folder.markdownFiles()).rejects.toMatchObject({
    code: "CONTENT_UNREADABLE",
    message: "docs/closed: no permission to read it.",
  });
});

test.skipIf(process.getuid?.() === 0)("a site that may not be written is refused, and says where", async () => {
  const { brainDir } = await brain();
  await chmod(brainDir, 0o500);
  onTestFinished(() => chmod(brainDir, 0o700));
  await expect(new SiteFolder(join(brainDir, "site"), "1").begin()).rejects.toMatchObject({
    code: "OUTPUT_REFUSED",
    message: expect.stringContaining(`no permission to write in ${brainDir}`) as string,
  });
});

test("a content folder that does not exist is named", async () => {
  const { brainDir } = await brain();
  await expect(openSourceFolder(brainDir, "nowhere")).rejects.toMatchObject({ code: "CONTENT_MISSING" });
});
