import { baseOf, compareNames, folderOf } from "../files/path-rules.ts";
import { titleFromPath } from "../notes/note.ts";
import type { PublishedPage } from "./published.ts";

export interface NavigationItem {
  readonly title: string;
  /** Output file; absent for a folder that has no page. */
  readonly file?: string | undefined;
  readonly current?: true | undefined;
  readonly children?: readonly NavigationItem[] | undefined;
}

export interface PageLink {
  readonly title: string;
  readonly file: string;
}

export interface Surroundings {
  readonly navigation: readonly NavigationItem[];
  readonly breadcrumbs: readonly PageLink[];
  readonly previous?: PageLink | undefined;
  readonly next?: PageLink | undefined;
}

/** Up to this many pages, each page shows the whole navigation; a larger site shows the branch that the reader is in. */
const WHOLE = 80;

interface Node {
  readonly id: string;
  page: PublishedPage | undefined;
  readonly children: Node[];
}

/** The tree of pages by their routes, in reading order. Answers what surrounds each page. */
export class Navigation {
  readonly #home: Node = { id: "index", page: undefined, children: [] };
  readonly #nodes = new Map<string, Node>();
  readonly #reading: PublishedPage[] = [];
  readonly #position = new Map<string, number>();

  constructor(pages: readonly PublishedPage[]) {
    this.#nodes.set("index", this.#home);
    for (const page of pages) this.#node(page.id).page = page;
    this.#sort(this.#home);
    this.#collect(this.#home);
    this.#reading.forEach((page, index) => this.#position.set(page.id, index));
  }

  /** Pages in reading order, the home page first. */
  get reading(): readonly PublishedPage[] {
    return this.#reading;
  }

  around(page: PublishedPage): Surroundings {
    const position = this.#position.get(page.id) ?? 0;
    const branch = new Set<string>();
    for (let id = page.id; id !== ""; id = folderOf(id)) branch.add(id);
    const whole = this.#reading.length <= WHOLE;
    const item = (node: Node): NavigationItem => ({
      title: node.page?.title ?? titleFromPath(node.id),
      file: node.page?.file,
      current: node.id === page.id ? true : undefined,
      children: node.children.length > 0 && (whole || branch.has(node.id)) ? node.children.map(item) : undefined,
    });
    const home = this.#home.page
      ? [
          {
            title: this.#home.page.title,
            file: this.#home.page.file,
            current: page.id === "index" ? (true as const) : undefined,
          },
        ]
      : [];
    const ancestors = [...branch]
      .slice(1)
      .reverse()
      .flatMap((id) => this.#nodes.get(id)?.page ?? []);
    return {
      navigation: [...home, ...this.#home.children.map(item)],
      breadcrumbs:
        page.id === "index"
          ? []
          : [...(this.#home.page ? [this.#home.page] : []), ...ancestors].map((above) => toLink(above)),
      previous: toLink(this.#reading[position - 1]),
      next: toLink(this.#reading[position + 1]),
    };
  }

  #node(id: string): Node {
    const known = this.#nodes.get(id);
    if (known) return known;
    const node: Node = { id, page: undefined, children: [] };
    this.#nodes.set(id, node);
    const folder = folderOf(id);
    (folder === "" ? this.#home : this.#node(folder)).children.push(node);
    return node;
  }

  /** The author's `order` first, then as the page above mentions them, then by name; a folder counts with its own page. */
  #sort(node: Node): void {
    const mentioned = new Map<string, number>();
    for (const id of node.page?.mentions ?? []) {
      // A mention of a page deep inside counts for the branch that it is in.
      for (let at = id; at !== ""; at = folderOf(at)) if (!mentioned.has(at)) mentioned.set(at, mentioned.size);
    }
    const order = (child: Node) => child.page?.order ?? Number.MAX_SAFE_INTEGER;
    const rank = (child: Node) => mentioned.get(child.id) ?? Number.MAX_SAFE_INTEGER;
    node.children.sort((a, b) => order(a) - order(b) || rank(a) - rank(b) || compareNames(baseOf(a.id), baseOf(b.id)));
    for (const child of node.children) this.#sort(child);
  }

  #collect(node: Node): void {
    if (node.page) this.#reading.push(node.page);
    for (const child of node.children) this.#collect(child);
  }
}

function toLink(page: PublishedPage): PageLink;
function toLink(page: PublishedPage | undefined): PageLink | undefined;
function toLink(page: PublishedPage | undefined): PageLink | undefined {
  return page && { title: page.title, file: page.file };
}
