import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PackageFacts } from "./architecture.ts";

export const root: string = join(import.meta.dirname, "..");

/** Every package of the workspace as the architecture rule sees it. */
export function readPackages(): PackageFacts[] {
  return globSync("{shared,shell,plugins,interfaces,apps}/*/package.json", { cwd: root }).map((path) => {
    const folder = dirname(path);
    const manifest = JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest;
    const files = globSync(`${folder}/{src,test,bench}/**/*.{ts,js,mjs}`, { cwd: root });
    return {
      folder,
      name: manifest.name,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
      exports: Object.keys(manifest.exports ?? {}),
      files: files.map((file) => ({ path: file, imports: importsOf(readFileSync(join(root, file), "utf8")) })),
    };
  });
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly exports?: Record<string, unknown>;
}

/** Static, dynamic and type imports, and re-exports. A string that only looks like one would be reported, and can be reworded. */
export function importsOf(source: string): string[] {
  const found = source.matchAll(
    /^\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm,
  );
  return [...found].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "");
}
