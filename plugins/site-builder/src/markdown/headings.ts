import type { Element, Root } from "hast";
import type GithubSlugger from "github-slugger";
import { HEADING_ID } from "../notes/outline.ts";
import { isElement, textOf } from "./to-hast.ts";

export interface PageHeading {
  readonly id: string;
  readonly text: string;
  /** 2 to 6; 1 is the page's title. */
  readonly level: number;
}

/**
 * Gives headings their level and address. Levels start at `base` and never skip one, whatever the note did, so that the page can be read by its outline.
 * Headings with an id of the author's own (`## Title {#id}`) keep it.
 */
export function settleHeadings(tree: Root, base: number, slugger: GithubSlugger): PageHeading[] {
  const found: PageHeading[] = [];
  const open: number[] = [];
  const walk = (parent: Root | Element): void => {
    for (const child of parent.children) {
      if (!isElement(child)) continue;
      const depth = /^h([1-6])$/.exec(child.tagName)?.[1];
      if (depth === undefined) {
        walk(child);
        continue;
      }
      while (open.length > 0 && (open.at(-1) ?? 0) >= Number(depth)) open.pop();
      open.push(Number(depth));
      const level = Math.min(6, base + open.length - 1);
      child.tagName = `h${level}`;
      const isFootnoteLabel = child.properties["id"] === "footnote-label";
      const own = ownId(child);
      const text = textOf(child).replace(/\s+/g, " ").trim();
      const id = own ?? (slugger.slug(text) || "section");
      child.properties["id"] = id;
      if (text !== "" && !isFootnoteLabel) found.push({ id, text, level });
    }
  };
  walk(tree);
  return found;
}

function ownId(heading: Element): string | undefined {
  const last = heading.children.at(-1);
  if (last?.type !== "text") return undefined;
  const id = HEADING_ID.exec(last.value)?.[1];
  if (id !== undefined) last.value = last.value.replace(HEADING_ID, "");
  return id;
}

/** Removes and returns the text of a first heading of the first level: it is the page's title. */
export function takeTitle(tree: Root): string | undefined {
  const index = tree.children.findIndex((child) => isElement(child) && /^h[1-6]$/.test(child.tagName));
  const heading = tree.children[index];
  if (heading === undefined || !isElement(heading, "h1")) return undefined;
  ownId(heading);
  tree.children.splice(index, 1);
  return textOf(heading).replace(/\s+/g, " ").trim();
}
