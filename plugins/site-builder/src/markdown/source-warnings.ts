import type { Html, Nodes, Paragraph, Root, Text } from "mdast";
import { visit } from "../notes/outline.ts";
import { ALLOWED_NAMES, FORBIDDEN_NAMES } from "./schema.ts";

/** Syntax of other tools that Markdown does not have. It is shown as the text it is. */
const UNKNOWN: readonly [RegExp, string][] = [
  [/^:::+[ \t]*\w/m, "`:::` containers"],
  [/^!!! ?\w/m, "`!!!` admonitions"],
  [/\{\{[<%]|^\{%/m, "template tags"],
  [/\{\{[^{}]*\}\}/, "`{{ }}` expressions"],
  [/^(?:import\s.+\sfrom\s+["']|export\s+(?:const|default|function)\s)/m, "import and export lines"],
  [/\[\[[^[\]]+\]\]/, "`[[ ]]` links"],
  [/^\$\$/m, "`$$` formulas"],
];

export interface SourceWarning {
  readonly line: number;
  readonly message: string;
}

/** What of a note will not be shown as its author meant it: unknown syntax, and HTML that is left out. One warning per kind. */
export function sourceWarnings(root: Root): SourceWarning[] {
  const seen = new Map<string, SourceWarning>();
  const add = (node: Nodes, message: string) => {
    if (!seen.has(message)) seen.set(message, { line: node.position?.start.line ?? 1, message });
  };
  visit(root, (node) => {
    if (node.type === "html") {
      for (const name of namesIn(node.value))
        add(
          node,
          FORBIDDEN_NAMES.has(name) ? `HTML <${name}> is left out` : `<${name}> is no HTML and is shown as text`,
        );
      if (/<[^>]*\s(?:on\w+|style)\s*=/i.test(node.value)) add(node, "HTML event handlers and styles are left out");
    } else if (node.type === "text") {
      for (const [pattern, name] of UNKNOWN)
        if (pattern.test(node.value)) add(node, `${name} are not known here and are shown as text`);
    }
  });
  return [...seen.values()];
}

function namesIn(html: string): Set<string> {
  const names = [...html.replace(/<!--[\s\S]*?(?:-->|$)/g, "").matchAll(/<([a-z][\w.:-]*)/gi)].map(
    (match) => match[1]?.toLowerCase() ?? "",
  );
  return new Set(names.filter((name) => !ALLOWED_NAMES.has(name) && name !== "source"));
}

const ONE_TAG = /^\s*<\/?([a-z][\w.:-]*)(?:\s[^<>]*)?\/?>\s*$/i;

/** `<name>` that is no HTML element (a placeholder, a component of another tool) is text that its author wants read. */
export function unknownTagsToText(root: Root): void {
  visit(root, (node) => {
    if (!("children" in node)) return;
    node.children.forEach((child, index) => {
      const name = child.type === "html" ? ONE_TAG.exec(child.value)?.[1]?.toLowerCase() : undefined;
      if (name === undefined || ALLOWED_NAMES.has(name) || FORBIDDEN_NAMES.has(name) || name === "source") return;
      const text: Text = { type: "text", value: (child as Html).value.trim(), position: child.position };
      const isBlock = node.type === "root" || node.type === "blockquote" || node.type === "listItem";
      const shown: Paragraph | Text = isBlock
        ? { type: "paragraph", children: [text], position: child.position }
        : text;
      (node.children as Nodes[])[index] = shown;
    });
  });
}
