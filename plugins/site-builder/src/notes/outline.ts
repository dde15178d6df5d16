import type { Nodes, Root } from "mdast";
import { toString } from "mdast-util-to-string";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";

export interface Heading {
  readonly depth: number;
  readonly text: string;
  /** Where the author gave it one. */
  readonly id?: string | undefined;
  /** Line in the body, 1 for the first. */
  readonly line: number;
}

export interface Outline {
  /** Text of the first heading, if it is of the first level. */
  readonly title?: string | undefined;
  readonly headings: readonly Heading[];
  readonly summary: string;
  /** The opening paragraph as plain text. */
  readonly opening: string;
  /** Targets of links, in order, as written. */
  readonly links: readonly string[];
}

/** `## Title {#id}`: an address of the author's own. */
export const HEADING_ID = /\s*\{#([\w.-]{1,100})\}\s*$/;

const parser = unified().use(remarkParse).use(remarkGfm);

export function parseMarkdown(text: string): Root {
  return parser.parse(text);
}

/** What a note says about itself. */
export function outlineOf(body: string): Outline {
  const root = parseMarkdown(body);
  const headings: Heading[] = [];
  const links: string[] = [];
  const definitions = new Map<string, string>();
  visit(root, (node) => {
    if (node.type === "heading") {
      const text = plain(node);
      const line = node.position?.start.line ?? 1;
      headings.push({ depth: node.depth, text: text.replace(HEADING_ID, ""), id: HEADING_ID.exec(text)?.[1], line });
    } else if (node.type === "definition") definitions.set(node.identifier, node.url);
  });
  visit(root, (node) => {
    if (node.type === "link") links.push(node.url);
    else if (node.type === "linkReference") {
      const url = definitions.get(node.identifier);
      if (url !== undefined) links.push(url);
    }
  });
  const first = headings[0];
  const paragraph = root.children.find(
    (node) => node.type === "paragraph" && plain(node).length > 1 && !onlyPictures(node),
  );
  const opening = paragraph ? plain(paragraph) : "";
  return { title: first?.depth === 1 ? first.text : undefined, headings, summary: shorten(opening), opening, links };
}

function onlyPictures(node: Nodes): boolean {
  return (
    "children" in node &&
    node.children.every(
      (child) =>
        child.type === "image" ||
        (child.type === "link" && onlyPictures(child)) ||
        (child.type === "text" && child.value.trim() === ""),
    )
  );
}

export function visit(node: Nodes, see: (node: Nodes) => void): void {
  see(node);
  if ("children" in node) for (const child of node.children) visit(child, see);
}

function plain(node: Nodes): string {
  return toString(node, { includeHtml: false }).replace(/\s+/g, " ").trim();
}

/** At most about 180 characters, cut after a sentence where possible, else after a word. */
function shorten(text: string, limit = 180): string {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit);
  const sentence = Math.max(cut.lastIndexOf(". "), cut.lastIndexOf("! "), cut.lastIndexOf("? "));
  if (sentence >= limit / 3) return cut.slice(0, sentence + 1);
  const word = cut.lastIndexOf(" ");
  return `${cut.slice(0, word > 0 ? word : limit).replace(/[,;:–-]$/, "")}…`;
}
