import { lstat, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { InitReport } from "@brains/cli";
import { makeFolder, openTrustStore, type Env } from "@brains/shell";
import { AppError } from "./app-error.ts";
import { writeConfigSchema } from "./config-schema.ts";

const TEMPLATES = join(dirname(dirname(fileURLToPath(import.meta.url))), "templates");
/** npm leaves out files of this name when it packs, so the template has another. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** What the config says of code that runs with all rights of the user. */
const CODE_ALLOWED = `  # Code that you or a model send runs with your rights, without asking. Remove this to be asked.
  policy:
    - { name: code, kind: code, outcome: allow }`;
const CODE_ASKED = `  # A person is asked before code runs with your rights. This would let it run without asking:
  # policy:
  #   - { name: code, kind: code, outcome: allow }`;

/**
 * Makes a brain in `dir` that works at once. Writes all of its files or none: refused (`ALREADY_EXISTS`) when one of them is there.
 * The folder may exist and hold other things.
 */
export async function initBrain(dir: string, cwd: string, env: Env, allowCode: boolean): Promise<InitReport> {
  const target = resolve(cwd, dir);
  try {
    const report = await writeBrain(target, cwd, allowCode);
    await writeConfigSchema(join(target, ".brains"));
    // Its one plugin file is ours, and known.
    await openTrustStore(env).trust(target);
    return report;
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new AppError(
      "FOLDER_UNUSABLE",
      `A brain cannot be made in ${target}: ${error.message}. Check the path, its rights and the free space.`,
      { cause: error },
    );
  }
}

async function writeBrain(target: string, cwd: string, allowCode: boolean): Promise<InitReport> {
  const words = { "{{name}}": brainName(target), "{{code policy}}": allowCode ? CODE_ALLOWED : CODE_ASKED };
  const files = (await templateFiles(TEMPLATES)).map(({ path, text }) => ({ path, text: fill(text, words) }));
  const taken: string[] = [];
  for (const { path } of files) if (await exists(join(target, path))) taken.push(path);
  if (taken.length > 0) {
    throw new AppError(
      "ALREADY_EXISTS",
      `${target} has ${taken.join(", ")} already, and init never overwrites. Choose another folder, or move ${taken.length === 1 ? "it" : "them"} away.`,
    );
  }
  await writeAll(target, files);
  const place = relative(cwd, target);
  const enter = place === "" ? [] : [`cd ${/^[\w./-]+$/.test(place) ? place : JSON.stringify(place)}`];
  return {
    dir: target,
    created: files.map(({ path }) => path),
    next: [...enter, "brains run hello --name you --wait", "brains run generate-all --wait", "brains"],
  };
}

/** All of them or none: what was written before a failure is taken away again. */
async function writeAll(target: string, files: readonly TemplateFile[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const { path, text } of files) {
      const file = join(target, path);
      await makeFolder(dirname(file));
      await writeFile(file, text, { flag: "wx" });
      written.push(file);
    }
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    throw error;
  }
}

function fill(text: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((filled, [mark, word]) => filled.replaceAll(mark, word), text);
}

interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

async function templateFiles(dir: string): Promise<TemplateFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.toSorted().map(async (file) => {
      const path = relative(dir, file);
      return { path: RENAMED[path] ?? path, text: await readFile(file, "utf8") };
    }),
  );
}

/** The folder's name as a brain's name: letters, digits and hyphens. */
function brainName(dir: string): string {
  return (
    basename(dir)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "") || "brain"
  );
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
