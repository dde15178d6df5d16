import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { SiteError, systemCode } from "../errors.ts";
import { badName } from "../files/path-rules.ts";

/** A site's folder carries this file, so that no build ever replaces a folder that no build made. */
export const MARKER = ".brains-site.json";

export interface OutputRules {
  readonly brainDir: string;
  /** The plugin's folder in the brain's home. */
  readonly dataDir: string;
  readonly contentRoot: string;
  /** The folder from the config: the only one that may lie anywhere. */
  readonly configured: string;
}

const refuse = (folder: string, why: string) =>
  new SiteError("OUTPUT_REFUSED", `The site cannot be written to ${JSON.stringify(folder)}: ${why}`);

/** The absolute folder for a site, after looking at every part of its path. Called before anything is enqueued and again before the swap. */
export async function checkOutputFolder(folder: string, rules: OutputRules): Promise<string> {
  const brainDir = await realpath(rules.brainDir);
  const dataDir = await realpath(rules.dataDir);
  if (folder.length > 4_000) throw refuse(`${folder.slice(0, 40)}…`, "the path is too long.");
  if (folder.includes("\0")) throw refuse(folder, "the path holds a NUL character.");
  if (folder.split(/[/\\]/).includes("..")) throw refuse(folder, "the path holds `..`.");
  const wanted = isAbsolute(folder) ? resolve(folder) : join(brainDir, folder.replace(/[/\\]+$/, ""));
  const isConfigured = folder === rules.configured;
  const root =
    [dataDir, brainDir].find((root) => wanted !== root && isInside(wanted, root)) ??
    (isConfigured ? await existingParent(wanted) : undefined);
  if (root === undefined) throw refuse(folder, "it must be a folder inside the brain's own, or the one in the config.");
  const parts = relative(root, wanted).split(sep);
  const wrong = parts.map(badName).find((problem) => problem !== undefined);
  if (wrong !== undefined) throw refuse(folder, `${wrong}.`);
  if (root === brainDir && (parts[0]?.startsWith(".") || parts.includes("node_modules")))
    throw refuse(folder, "hidden folders and node_modules are not for sites.");
  for (const [name, other] of Object.entries({
    "the content folder": rules.contentRoot,
    "the brain's home": dirname(dataDir),
  })) {
    if (wanted === other || isInside(other, wanted)) throw refuse(folder, `it would replace ${name}.`);
  }
  if (isInside(wanted, rules.contentRoot))
    throw refuse(folder, "it lies in the content folder, so the site would become its own source.");
  await checkParts(folder, root, parts);
  await checkOwner(folder, wanted);
  return wanted;
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function existingParent(path: string): Promise<string> {
  try {
    return await realpath(dirname(path));
  } catch {
    throw refuse(path, `its parent folder does not exist.`);
  }
}

/** No part may be a link, a file, or the twin of an existing name that some systems cannot tell apart. */
async function checkParts(folder: string, root: string, parts: readonly string[]): Promise<void> {
  let at = root;
  for (const part of parts) {
    const twin = (await namesIn(at)).find((name) => name !== part && sameName(name, part));
    if (twin !== undefined) throw refuse(folder, `${JSON.stringify(twin)} exists and differs in case or accents only.`);
    at = join(at, part);
    try {
      const info = await lstat(at);
      if (info.isSymbolicLink()) throw refuse(folder, `${basename(at)} is a symbolic link.`);
      if (!info.isDirectory()) throw refuse(folder, `${basename(at)} is a file.`);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return;
      throw error;
    }
  }
}

function sameName(a: string, b: string): boolean {
  return a.normalize("NFC").toLowerCase() === b.normalize("NFC").toLowerCase();
}

async function checkOwner(folder: string, wanted: string): Promise<void> {
  const names = await namesIn(wanted);
  if (names.length > 0 && !names.includes(MARKER))
    throw refuse(folder, "it holds files that no build has made. Empty it or choose another.");
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
