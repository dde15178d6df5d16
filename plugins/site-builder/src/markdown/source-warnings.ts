import type { Nodes, Root } from "mdast";
import { visit } from "../notes/outline.ts";
import { ALLOWED_NAMES } from "./schema.ts";

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
      for (const name of namesIn(node.value)) add(node, `HTML <${name}> is left out`);
      if (/<[^>]*\s(?:on\w+|style|class)\s*=/i.test(node.value)) add(node, "HTML event handlers, styles and classes are left out");
    } else if (node.type === "text") {
      for (const [pattern, name] of UNKNOWN) if (pattern.test(node.value)) add(node, `${name} are not known here and are shown as text`);
    }
  });
  return [...seen.values()];
}

function namesIn(html: string): Set<string> {
  const names = [...html.replace(/<!--[\s\S]*?(?:-->|$)/g, "").matchAll(/<([a-z][\w.:-]*)/gi)].map((match) => match[1]?.toLowerCase() ?? "");
  return new Set(names.filter((name) => !ALLOWED_NAMES.has(name) && name !== "source"));
}
