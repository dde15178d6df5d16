import { folderOf } from "./path-rules.ts";

/** Does a source pattern hold wildcards? `*` and `?` stay inside a folder, `**` crosses folders. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** The folder that everything lies in which the pattern can match: `guides/**` → `guides`. */
export function folderOfPattern(pattern: string): string {
  return folderOf(pattern.replace(/^\.?\//, "").replace(/[*?].*$/, ""));
}

/** A test for paths with `/` as separator. */
export function globMatcher(pattern: string): (path: string) => boolean {
  const source = pattern
    .replace(/^\.?\//, "")
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === "**/") return "(?:[^/]+/)*";
      if (part === "**") return ".*";
      if (part === "*") return "[^/]*";
      if (part === "?") return "[^/]";
      return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  const expression = new RegExp(`^${source}$`, "u");
  return (path) => expression.test(path);
}
