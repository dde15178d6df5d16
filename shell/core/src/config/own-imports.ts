import { registerHooks } from "node:module";
import { sep } from "node:path";
import { pathToFileURL } from "node:url";

const OURS = /^(@brains\/[^/]+|zod)(\/.*)?$/;
const TYPESCRIPT = /\.m?ts$/;

/**
 * Lets the plugin files of a brain import `@brains/*` and `zod` without any node_modules: they get the app's own copies. Everything else they import, and
 * whatever is imported from outside the folder, resolves as always. `from` are URLs of modules to resolve from, the first that can wins.
 */
export function resolveOwnImports(brainDir: string, from: readonly string[]): { end(): void } {
  const inside = pathToFileURL(brainDir + sep).href;
  const isOwn = (url: string | undefined) =>
    url !== undefined && url.startsWith(inside) && !url.includes("/node_modules/");
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (!OURS.test(specifier) || !isOwn(context.parentURL)) return nextResolve(specifier, context);
      for (const parentURL of from) {
        try {
          return nextResolve(specifier, { ...context, parentURL });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      return nextResolve(specifier, context);
    },
    load(url, context, nextLoad) {
      // A brain needs no package.json to say that its plugins are modules.
      if (isOwn(url) && TYPESCRIPT.test(withoutQuery(url)))
        return nextLoad(url, { ...context, format: "module-typescript" });
      return nextLoad(url, context);
    },
  });
  return { end: () => hooks.deregister() };
}

function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, "");
}
