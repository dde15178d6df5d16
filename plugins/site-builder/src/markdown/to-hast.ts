import type { Element, Nodes, Root } from "hast";
import rehypeRaw from "rehype-raw";
import rehypeSanitize from "rehype-sanitize";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { parseMarkdown, visit as visitMarkdown } from "../notes/outline.ts";
import { schema } from "./schema.ts";
import { type SourceWarning, sourceWarnings, unknownTagsToText } from "./source-warnings.ts";

export interface Converted {
  readonly tree: Root;
  readonly warnings: readonly SourceWarning[];
}

/** Markdown to a tree of allowed elements only. Text that no parser can take becomes one block of plain text. */
export function toHast(markdown: string, idPrefix: string): Converted {
  try {
    const source = parseMarkdown(markdown);
    const warnings = sourceWarnings(source);
    unknownTagsToText(source);
    let hasHtml = false;
    visitMarkdown(source, (node) => {
      hasHtml ||= node.type === "html";
    });
    const processor = unified().use(remarkRehype, {
      allowDangerousHtml: true,
      clobberPrefix: idPrefix,
      footnoteLabel: "Footnotes",
      footnoteBackLabel: "Back to the text",
    });
    if (hasHtml) processor.use(rehypeRaw);
    // Last, so that nothing that a note says comes after it.
    processor.use(rehypeSanitize, schema);
    return { tree: processor.runSync(source), warnings };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const code: Element = {
      type: "element",
      tagName: "code",
      properties: {},
      children: [{ type: "text", value: markdown }],
    };
    const pre: Element = { type: "element", tagName: "pre", properties: {}, children: [code] };
    return {
      tree: { type: "root", children: [pre] },
      warnings: [{ line: 1, message: "is nested too deeply to be read as Markdown, and is shown as text" }],
    };
  }
}

export function isElement(node: Nodes, name?: string): node is Element {
  return node.type === "element" && (name === undefined || node.tagName === name);
}

/** Every element, parents first. What `see` returns takes the element's place. */
export function mapElements(
  parent: Root | Element,
  see: (element: Element) => Element | readonly Element[] | undefined,
): void {
  parent.children = parent.children.flatMap((child) => {
    if (child.type !== "element") return [child];
    const made = see(child);
    mapElements(child, see);
    if (made === undefined) return [child];
    return Array.isArray(made) ? [...made] : [made as Element];
  }) as Element["children"];
}

export function textOf(node: Nodes): string {
  if (node.type === "text") return node.value;
  return "children" in node ? node.children.map(textOf).join("") : "";
}
