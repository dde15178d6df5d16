/** Does a source pattern hold wildcards? `*` and `?` stay inside a folder, `**` crosses folders. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
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
