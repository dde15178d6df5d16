/** Plain text as Markdown that shows exactly this text. */
export function escapeText(text: string): string {
  return text
    .replace(/[\\`*_[\]<>#|~&!]/g, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/^[-+=]/, "\\$&");
}

/** A link to a file or folder of the content, from its root. */
export function linkTo(text: string, path: string, fragment?: string): string {
  const target = `/${path.split("/").map(encodeURIComponent).join("/")}`.replace(/[()]/g, (bracket) =>
    bracket === "(" ? "%28" : "%29",
  );
  return `[${escapeText(text)}](${target}${fragment === undefined ? "" : `#${encodeURIComponent(fragment)}`})`;
}
