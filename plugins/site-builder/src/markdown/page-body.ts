import type { Element, Root } from "hast";
import GithubSlugger from "github-slugger";
import rehypeStringify from "rehype-stringify";
import { unified } from "unified";
import type { SectionContent } from "../content/section-content.ts";
import { box, decorate } from "./decorate.ts";
import { type PageHeading, settleHeadings, takeTitle } from "./headings.ts";
import { type LinkReport, type Locate, settleLinks } from "./links.ts";
import { mapElements, toHast } from "./to-hast.ts";

export interface PageBody extends LinkReport {
  readonly html: string;
  /** Id of the page's title, where a note gave it one. */
  readonly titleId: string;
  readonly headings: readonly PageHeading[];
  /** All ids of the page: what a link may point to. */
  readonly ids: readonly string[];
  readonly warnings: readonly string[];
}

export interface PageBodyInput {
  readonly file: string;
  readonly title: string;
  readonly sections: readonly SectionContent[];
  readonly display: (path: string) => string;
  readonly locate: Locate;
}

/** Ids that the layout uses. */
const RESERVED = ["content", "navigation", "on-this-page"];

const stringifier = unified().use(rehypeStringify, { characterReferences: { useNamedReferences: true } });

/** The sanitised HTML of all sections of a page, with everything that was odd about them. */
export async function renderPageBody(input: PageBodyInput): Promise<PageBody> {
  const slugger = new GithubSlugger();
  const ids = new Set<string>();
  const headings: PageHeading[] = [];
  const warnings: string[] = [];
  const report: LinkReport = { broken: [], fragments: [], lookups: new Map() };
  const titleId = slugger.slug(input.title) || "title";
  for (const id of RESERVED) slugger.slug(id);
  ids.add(titleId);
  const body: Root = { type: "root", children: [] };
  let number = 0;
  for (const section of input.sections) {
    const content: Element["children"] = [];
    if (section.heading !== undefined) {
      const id = slugger.slug(section.heading);
      headings.push({ id, text: section.heading, level: 2 });
      ids.add(id);
      content.push(box("h2", { id }, [{ type: "text", value: section.heading }]));
    }
    for (const part of section.parts) {
      number++;
      const converted = toHast(part.markdown, `n${number}-`);
      const { tree } = converted;
      const name = part.source === "" ? "" : input.display(part.source);
      for (const { line, message } of converted.warnings)
        if (name !== "") warnings.push(`${name}:${line + part.line - 1}: ${message}`);
      if (number === 1) takeTitle(tree);
      await settleLinks(
        tree,
        { file: input.file, source: part.source, line: part.line, display: input.display, locate: input.locate },
        report,
      );
      const found = settleHeadings(tree, section.heading === undefined ? 2 : 3, slugger);
      headings.push(...found);
      settleIds(tree, ids);
      decorate(tree);
      content.push(...(tree.children as Element["children"]));
    }
    body.children.push(box("div", { className: ["section", `section-${section.template}`] }, content));
  }
  return { html: stringifier.stringify(body), titleId, headings, ids: [...ids], warnings, ...report };
}

/** An id stands once in a page and never shadows one of the layout's. */
function settleIds(tree: Root, ids: Set<string>): void {
  mapElements(tree, (element) => {
    const id = element.properties["id"];
    if (typeof id !== "string") return undefined;
    if (ids.has(id) || RESERVED.includes(id) || id === "" || /\s/.test(id)) delete element.properties["id"];
    else ids.add(id);
    return undefined;
  });
}
