// Who may know whom. A package is a folder `<layer>/<name>`; the test feeds this the real tree and planted violations.
import { isBuiltin } from "node:module";

export interface PackageFacts {
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly exports: readonly string[];
  readonly files: readonly { readonly path: string; readonly imports: readonly string[] }[];
}

const SHARED_FOR_PLUGINS = ["shared/plugin", "shared/process"];

/** Folders, or whole layers, that a package's sources may use. The queue and the process runner stand alone. */
const MAY_USE: Record<string, readonly string[]> = {
  "shared/job-queue": [],
  "shared/process": [],
  shared: ["shared"],
  shell: ["shared", "shell"],
  plugins: SHARED_FOR_PLUGINS,
  interfaces: ["shell", "shared/plugin"],
  apps: ["shared", "shell", "plugins", "interfaces"],
};

/** What tests may use besides. */
const TESTS_MAY_USE: Record<string, readonly string[]> = { plugins: ["shell"] };

const ONE_OWNER: Record<string, string> = { "drizzle-orm": "shared/job-queue", "better-sqlite3": "shared/job-queue" };

export function violations(packages: readonly PackageFacts[]): string[] {
  const byName = new Map(packages.map((it) => [it.name, it]));
  return packages.flatMap((it) => [
    ...it.dependencies.flatMap((name) => judge(it, name, false)),
    ...it.devDependencies.flatMap((name) => judge(it, name, true)),
    ...it.files.flatMap((file) => file.imports.flatMap((target) => judgeImport(it, file.path, target))),
  ]);

  function judge(from: PackageFacts, name: string, onlyTests: boolean): string[] {
    const owner = ONE_OWNER[name];
    if (owner && owner !== from.folder) return [`${from.folder} depends on ${name}, which only ${owner} may`];
    const to = byName.get(name);
    if (!to || allowed(MAY_USE, from.folder, to.folder)) return [];
    if (onlyTests && allowed(TESTS_MAY_USE, from.folder, to.folder)) return [];
    return [`${from.folder} depends on ${to.folder}`];
  }

  function judgeImport(from: PackageFacts, path: string, target: string): string[] {
    if (isBuiltin(target)) return [];
    if (target.startsWith(".")) {
      return resolve(path, target).startsWith(`${from.folder}/`) ? [] : [`${path} leaves its package: ${target}`];
    }
    const name = packageName(target);
    const to = byName.get(name);
    const developing = [...from.dependencies, ...from.devDependencies];
    const declared = from.dependencies.includes(name) || developing.includes(`@types/${name}`);
    // What only the workspace root has (the test runner) is there for tests; sources also run where there is no root.
    const forTests = isTest(path) && (!to || to === from || developing.includes(name));
    if (!declared && !forTests) return [`${path} imports ${name}, which it does not depend on`];
    return !to || to.exports.includes(target.replace(name, "."))
      ? []
      : [`${path} imports ${target}, which is not exported`];
  }
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function allowed(table: Record<string, readonly string[]>, from: string, to: string): boolean {
  const targets = table[from] ?? table[layerOf(from)] ?? [];
  return targets.includes(to) || targets.includes(layerOf(to));
}

function layerOf(folder: string): string {
  return folder.slice(0, folder.indexOf("/"));
}

function isTest(path: string): boolean {
  return !path.split("/").includes("src");
}

function resolve(path: string, relative: string): string {
  return new URL(relative, `file:///${path}`).pathname.slice(1);
}
