import { registerHooks } from "node:module";
import { sep } from "node:path";
import { pathToFileURL } from "node:url";

const OURS = /^(@brains\/[^/]+|zod)(\/.*)?$/;
const TYPESCRIPT = /\.m?ts$/;

/** `brains-package:name` is the package as the brain's own folder sees it. */
export const PACKAGE_SCHEME = "brains-package:";

/**
 * Lets the plugin files of a brain import `@brains/*` and `zod` without any node_modules: they get the app's own copies. Everything else they import, and
 * whatever is imported from outside the folder, resolves as always. Packages in the brain's node_modules get the app's copies only of what they do not bring.
 * `from` are URLs of modules to resolve from, the first that can wins.
 */
export function resolveOwnImports(brainDir: string, from: readonly string[]): { end(): void } {
  const inside = pathToFileURL(brainDir + sep).href;
  const isInside = (url: string | undefined) => url !== undefined && url.startsWith(inside);
  const isOwn = (url: string | undefined) => isInside(url) && url?.includes("/node_modules/") === false;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier.startsWith(PACKAGE_SCHEME)) {
        return nextResolve(specifier.slice(PACKAGE_SCHEME.length), { ...context, parentURL: `${inside}brains.yaml` });
      }
      const { parentURL } = context;
      if (!OURS.test(specifier) || !isInside(parentURL)) return nextResolve(specifier, context);
      const candidates = isOwn(parentURL) ? [...from, parentURL] : [parentURL, ...from];
      let first: unknown;
      for (const candidate of candidates) {
        try {
          return nextResolve(specifier, { ...context, parentURL: candidate });
        } catch (error) {
          if (!isNotFound(error)) throw error;
          first ??= error;
        }
      }
      throw first;
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
