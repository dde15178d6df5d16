import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Brain } from "./brain.ts";
import { findPlugins } from "./plugin-sources.ts";
import type { BundledPlugin } from "./plugin-sources.ts";

/** Relative imports in a file's text. It may also find one in a comment, which does no harm. */
const RELATIVE_IMPORT = /(?:from|import|require)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;
const MOST_FILES = 1000;

/**
 * Which code and config a worker of this brain runs: a hash of the app's version, the config's text, the versions of the bundled plugins it names, and the
 * contents of the brain's own plugin files with all that they import by relative path. No plugin is imported.
 */
export async function fingerprintOf(
  brain: Brain,
  app: { readonly version: string; readonly bundled: Readonly<Record<string, BundledPlugin>> },
): Promise<string> {
  const hash = createHash("sha256");
  const add = (...parts: string[]) => {
    // Lengths keep one part from running into the next.
    for (const part of parts) hash.update(`${part.length}:${part}`);
  };
  add("app", app.version, "config", brain.configText, "home", brain.home);
  const files: string[] = [];
  for (const source of await findPlugins(brain, app.bundled)) {
    if (source.kind === "bundled") add("bundled", source.name, source.plugin.version);
    else if (source.kind === "package") add("package", source.from, await readFile(source.packageJson, "utf8"));
    else files.push(source.file);
  }
  for (const [file, text] of await closure(files)) add("file", file, text);
  return hash.digest("hex").slice(0, 32);
}

/** These files and everything that they import by relative path, in the order of their names. */
async function closure(files: readonly string[]): Promise<[string, string][]> {
  const texts = new Map<string, string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined && texts.size < MOST_FILES; file = waiting.pop()) {
    if (texts.has(file)) continue;
    const text = await readFile(file, "utf8").catch(() => "unreadable");
    texts.set(file, text);
    for (const [, specifier] of text.matchAll(RELATIVE_IMPORT)) {
      const imported = await importedFile(resolve(dirname(file), specifier ?? "."));
      if (imported !== undefined) waiting.push(imported);
    }
  }
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function importedFile(path: string): Promise<string | undefined> {
  for (const candidate of [path, `${path}.js`, `${path}.ts`]) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() === true) return candidate;
  }
  return undefined;
}
