import type { Element, Root } from "hast";
import { relativeLink } from "../plan/routes.ts";
import { type Target, readTarget } from "./targets.ts";
import { box } from "./decorate.ts";
import { isElement, mapElements } from "./to-hast.ts";

/** Where a path of the content folder is in the site. */
export type Found =
  | { readonly kind: "page"; readonly file: string }
  | { readonly kind: "asset"; readonly file: string }
  | { readonly kind: "none"; readonly reason: string };

export type Locate = (path: string, use: "link" | "picture") => Promise<Found>;

/** A link to a heading, checked when all pages are known. */
export interface FragmentUse {
  readonly file: string;
  readonly fragment: string;
  readonly where: string;
}

export interface LinkReport {
  /** `docs/x.md:12: …` for each link that leads nowhere and each picture that is missing. */
  readonly broken: string[];
  readonly fragments: FragmentUse[];
  /** Each path that was looked up, with what came of it: a page stays valid as long as these answers do. */
  readonly lookups: Map<string, string>;
}

export interface LinkPlace {
  /** Output file of the page. */
  readonly file: string;
  readonly source: string;
  /** Line of the source at which the tree starts. */
  readonly line: number;
  readonly display: (path: string) => string;
  readonly locate: Locate;
}

/** Rewrites the addresses of a part. Dead links become plain text, missing pictures their description. */
export async function settleLinks(tree: Root, place: LinkPlace, report: LinkReport): Promise<void> {
  const found = await lookUp(tree, place, report);
  mapElements(tree, (element) => {
    if (element.tagName === "source") return [];
    if (element.tagName === "img") return picture(element, place, report, found);
    if (element.tagName === "a") return link(element, place, report, found);
    return undefined;
  });
}

async function lookUp(tree: Root, place: LinkPlace, report: LinkReport): Promise<Map<string, Found>> {
  const wanted = new Map<string, { path: string; use: "link" | "picture" }>();
  const collect = (parent: Root | Element): void => {
    for (const child of parent.children) {
      if (!isElement(child)) continue;
      const use = child.tagName === "img" ? "picture" : "link";
      const address = child.properties[use === "picture" ? "src" : "href"];
      const target = typeof address === "string" ? readTarget(address, place.source) : undefined;
      if (target?.kind === "content") wanted.set(`${use} ${target.path}`, { path: target.path, use });
      collect(child);
    }
  };
  collect(tree);
  const found = new Map<string, Found>();
  for (const [key, { path, use }] of wanted) {
    const answer = await place.locate(path, use);
    found.set(key, answer);
    report.lookups.set(key, answerOf(answer));
  }
  return found;
}

export function answerOf(found: Found): string {
  return found.kind === "none" ? "none" : `${found.kind} ${found.file}`;
}

function where(element: Element, { display, source, line }: LinkPlace): string {
  const at = element.position?.start.line;
  const name = source === "" ? "the generated list" : display(source);
  return at === undefined || source === "" ? name : `${name}:${at + line - 1}`;
}

function link(element: Element, place: LinkPlace, report: LinkReport, found: Map<string, Found>): Element | undefined {
  const anchor = element.properties["name"];
  delete element.properties["name"];
  if (typeof anchor === "string" && element.properties["id"] === undefined) element.properties["id"] = anchor;
  const href = element.properties["href"];
  if (typeof href !== "string") {
    // An anchor to jump to, or a link whose address was not allowed.
    element.tagName = "span";
    return undefined;
  }
  const isFootnote = "dataFootnoteRef" in element.properties || "dataFootnoteBackref" in element.properties;
  if (isFootnote) return undefined;
  const target = readTarget(href, place.source);
  const dead = (reason: string) => {
    report.broken.push(`${where(element, place)}: link to ${href} ${reason}`);
    return box("span", { className: ["dead-link"], title: "This link leads nowhere" }, element.children);
  };
  if (target.kind === "outside") {
    element.properties["href"] = target.href;
    return undefined;
  }
  if (target.kind === "bad") return dead(target.reason);
  if (target.kind === "here") {
    if (target.fragment !== "")
      report.fragments.push({
        file: place.file,
        fragment: target.fragment,
        where: `${where(element, place)}: link to ${href}`,
      });
    element.properties["href"] = `#${encodeURIComponent(target.fragment)}`;
    return undefined;
  }
  const answer = found.get(`link ${target.path}`);
  if (answer === undefined || answer.kind === "none") return dead(answer?.reason ?? "leads nowhere");
  const { fragment } = target;
  if (answer.kind === "page" && fragment)
    report.fragments.push({ file: answer.file, fragment, where: `${where(element, place)}: link to ${href}` });
  element.properties["href"] =
    relativeLink(place.file, answer.file) + (fragment ? `#${encodeURIComponent(fragment)}` : "");
  return undefined;
}

function picture(
  element: Element,
  place: LinkPlace,
  report: LinkReport,
  found: Map<string, Found>,
): Element | undefined {
  const source = element.properties["src"];
  element.properties["alt"] ??= "";
  const target: Target =
    typeof source === "string"
      ? readTarget(source, place.source)
      : { kind: "bad", reason: "has no address that is allowed" };
  const answer = target.kind === "content" ? found.get(`picture ${target.path}`) : undefined;
  if (target.kind === "outside" && /^https?:/i.test(target.href)) element.properties["src"] = target.href;
  else if (answer?.kind === "asset") element.properties["src"] = relativeLink(place.file, answer.file);
  else {
    const reason = target.kind === "bad" ? target.reason : answer?.kind === "none" ? answer.reason : "is not a picture";
    report.broken.push(`${where(element, place)}: picture ${typeof source === "string" ? source : ""} ${reason}`);
    const alt = element.properties["alt"] || "picture";
    return box("span", { className: ["missing-picture"], title: "This picture is missing" }, [
      { type: "text", value: alt },
    ]);
  }
  element.properties["loading"] = "lazy";
  element.properties["decoding"] = "async";
  return undefined;
}
