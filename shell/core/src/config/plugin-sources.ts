// From the config's list of plugins to their code.
import { realpath } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { BrainsError, messageOf } from "../errors.ts";
import { didYouMean } from "@brains/plugin/nearest";
import type { PluginEntry } from "../plugins.ts";
import type { Brain } from "./brain.ts";
import { PACKAGE_SCHEME, resolveOwnImports } from "./own-imports.ts";
import type { PluginConfigEntry } from "./schema.ts";
import type { TrustStore } from "./trust.ts";

/** A plugin that comes with the app. */
export interface BundledPlugin {
  readonly version: string;
  /** Imports its module. */
  readonly load: () => Promise<{ readonly default: unknown }>;
}

/** Where a plugin's code is: known without running any of it. */
export type PluginSource =
  | {
      readonly kind: "bundled";
      readonly entry: PluginConfigEntry;
      readonly name: string;
      readonly plugin: BundledPlugin;
    }
  | { readonly kind: "package"; readonly entry: PluginConfigEntry; readonly from: string; readonly packageJson: string }
  | { readonly kind: "file"; readonly entry: PluginConfigEntry; readonly from: string; readonly file: string };

export interface LoadOptions {
  readonly bundled: Readonly<Record<string, BundledPlugin>>;
  readonly trust: TrustStore;
  /** URLs of modules that `@brains/*` imports of the brain's own files are resolved from, before the shell's own: the app's `import.meta.url`. */
  readonly resolveFrom?: readonly string[] | undefined;
}

/** Finds the code of every plugin in the config. Refuses names, packages and files that are not there. */
export async function findPlugins(brain: Brain, bundled: LoadOptions["bundled"]): Promise<PluginSource[]> {
  return Promise.all(brain.config.plugins.map((entry) => sourceOf(brain, entry, bundled)));
}

/** Loads every plugin in the config. The brain's own files run only if its folder is trusted. */
export async function loadPlugins(brain: Brain, options: LoadOptions): Promise<PluginEntry[]> {
  const sources = await findPlugins(brain, options.bundled);
  if (sources.some((source) => source.kind !== "bundled")) {
    if (!(await options.trust.isTrusted(brain.dir))) throw untrusted(brain, sources);
    resolveOwnImports(await realpath(brain.dir), [...(options.resolveFrom ?? []), import.meta.url]);
  }
  const entries: PluginEntry[] = [];
  // In the config's order: a module may have effects, and an error must be the first one.
  for (const source of sources) entries.push(await loadOne(source));
  return entries;
}

async function loadOne(source: PluginSource): Promise<PluginEntry> {
  const { config } = source.entry;
  if (source.kind === "bundled") return { plugin: (await source.plugin.load()).default, config, from: source.name };
  let module: Record<string, unknown>;
  try {
    module = (await import(/* @vite-ignore */ urlOf(source))) as Record<string, unknown>;
  } catch (error) {
    throw new BrainsError("PLUGIN_UNREADABLE", `The plugin ${source.from} cannot be loaded: ${whatAndWhere(error)}`, {
      cause: error,
      data: { from: source.from },
    });
  }
  if (module["default"] === undefined) {
    const names = Object.keys(module);
    const has = names.length === 0 ? "exports nothing" : `exports only ${names.join(", ")}`;
    throw new BrainsError(
      "PLUGIN_UNREADABLE",
      `The plugin ${source.from} has no default export (it ${has}). End it with \`export default definePlugin({ … })\`.`,
    );
  }
  return { plugin: module["default"], config, from: source.from };
}

async function sourceOf(
  brain: Brain,
  entry: PluginConfigEntry,
  bundled: LoadOptions["bundled"],
): Promise<PluginSource> {
  if (entry.name !== undefined) {
    const plugin = Object.hasOwn(bundled, entry.name) ? bundled[entry.name] : undefined;
    if (plugin !== undefined) return { kind: "bundled", entry, name: entry.name, plugin };
    const names = Object.keys(bundled);
    const hint =
      didYouMean(entry.name, names) ||
      ` There are: ${names.join(", ")}. Name a file as \`path\` and a package as \`package\`.`;
    throw notFound(`No plugin "${entry.name}" comes with brains.${hint}`);
  }
  if (entry.package !== undefined) {
    return { kind: "package", entry, from: entry.package, packageJson: packageJsonOf(brain, entry.package) };
  }
  const path = entry.path ?? "";
  return { kind: "file", entry, from: path, file: await insideBrain(brain, resolve(brain.dir, path), path) };
}

function packageJsonOf(brain: Brain, name: string): string {
  let found: string | undefined;
  let cause: unknown;
  try {
    found = findPackageJSON(name, pathToFileURL(join(brain.dir, "brains.yaml")));
  } catch (error) {
    cause = error;
  }
  if (found !== undefined) return found;
  throw notFound(`The package "${name}" is not installed in ${brain.dir}. Install it there, e.g. with npm.`, cause);
}

function urlOf(source: Exclude<PluginSource, { kind: "bundled" }>): string {
  return source.kind === "package" ? `${PACKAGE_SCHEME}${source.from}` : pathToFileURL(source.file).href;
}

/** The file's real path, which must be in the trusted folder: neither `..` nor a link may lead to code that nobody looked at. */
async function insideBrain(brain: Brain, file: string, path: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(file);
  } catch (error) {
    throw notFound(`The plugin file ${path} is not there (looked for ${file}).`, error);
  }
  const way = relative(await realpath(brain.dir), real);
  if (way !== ".." && !way.startsWith(`..${sep}`) && resolve(way) !== way) return real;
  throw new BrainsError(
    "UNTRUSTED",
    `The plugin file ${path} is outside of the brain's folder ${brain.dir}. Move it in, or use a package.`,
  );
}

function untrusted(brain: Brain, sources: readonly PluginSource[]): BrainsError {
  const files = sources.flatMap((source) => (source.kind === "bundled" ? [] : [source.from]));
  return new BrainsError(
    "UNTRUSTED",
    `The folder ${brain.dir} is not trusted, so its own plugins (${files.join(", ")}) do not run. Read them, then run \`brains trust ${brain.dir}\`.`,
    { data: { dir: brain.dir, files } },
  );
}

/** "plugins/feeds.ts:12: Unexpected token": what Node says, with the line that it puts first into the stack. */
function whatAndWhere(error: unknown): string {
  const message = messageOf(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const place =
    /^(?:file:\/\/)?(\S+?):(\d+)(?::\d+)?\n/.exec(stack) ?? /\bat .*?file:\/\/(\S+?):(\d+):\d+\)?$/m.exec(stack);
  return place === null ? message : `${message} (${place[1]}:${place[2]})`;
}

function notFound(message: string, cause?: unknown): BrainsError {
  return new BrainsError("PLUGIN_NOT_FOUND", message, { cause });
}
