import { BrainsError } from "./errors.ts";

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** `import-feeds`: lower case letters and digits, in words joined by single hyphens, starting with a letter. */
export function isKebab(name: unknown): name is string {
  return typeof name === "string" && name.length <= 64 && KEBAB.test(name);
}

/** The full name `plugin:name`. A name may be given with or without its plugin's prefix; another plugin's is refused. */
export function fullName(pluginId: string, name: string, what: "job type" | "tool" | "schedule"): string {
  const colon = name.indexOf(":");
  const prefix = colon === -1 ? pluginId : name.slice(0, colon);
  const bare = name.slice(colon + 1);
  if (prefix !== pluginId) {
    throw new BrainsError(
      "FOREIGN_NAME",
      `The plugin ${pluginId} used the ${what} "${name}", which belongs to ${prefix}. Name it "${bare}" or "${pluginId}:${bare}".`,
    );
  }
  if (!isKebab(bare)) {
    throw new BrainsError(
      "INVALID_PLUGIN",
      `The plugin ${pluginId} has the ${what} "${name}", which is not a kebab-name like "import-feeds".`,
    );
  }
  return `${pluginId}:${bare}`;
}
