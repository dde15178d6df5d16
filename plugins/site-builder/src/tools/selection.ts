import { SiteError } from "../errors.ts";
import { didYouMean } from "@brains/plugin/nearest";
import type { PagePlan, SectionPlan, SitePlan } from "../plan/site-plan.ts";
import type { PlannedSite } from "../site.ts";

export interface Selected {
  readonly page: PagePlan;
  readonly section: SectionPlan;
}

/** All sections, or those of a page, or those of a name. Refuses what the site does not have, naming the nearest. */
export function selectSections(site: PlannedSite, page?: string, section?: string): Selected[] {
  const pages = page === undefined ? site.plan.pages : [findPage(site, page)];
  const all = pages.flatMap((page) => page.sections.map((section) => ({ page, section })));
  if (section === undefined) return all;
  const found = all.filter((one) => one.section.id === section || nameOf(one.section) === section);
  if (found.length > 0) return found;
  const names = new Set(all.map((one) => nameOf(one.section)));
  const where = page === undefined ? "No page has" : `Page "${page}" has no`;
  throw new SiteError(
    "SECTION_UNKNOWN",
    `${where} section "${section}".${didYouMean(section, names) || ` It has: ${[...names].slice(0, 20).join(", ")}.`}`,
  );
}

/** A page by its id, its route, or the Markdown file that it shows. */
function findPage({ plan, folder }: PlannedSite, named: string): PagePlan {
  const id = idOf(plan, named, folder.display(""));
  const page = plan.pages.find((page) => page.id === id);
  if (page) return page;
  const ids = plan.pages.map((page) => page.id);
  throw new SiteError("SECTION_UNKNOWN", `No page "${named}".${didYouMean(id, ids)} The tool \`content\` lists them.`, {
    page: named,
  });
}

function idOf(plan: SitePlan, named: string, content: string): string {
  const source =
    plan.pageOfSource.get(named) ??
    plan.pageOfSource.get(named.startsWith(`${content}/`) ? named.slice(content.length + 1) : named);
  return source ?? (named.replace(/^\/+|\/+$/g, "").replace(/(?:^|\/)index\.html$|\.html$/, "") || "index");
}

/** Sections by their ids; a page's id stands for all its sections. `stored` are ids that only the content store knows any more. */
export function selectIds({ plan }: PlannedSite, ids: readonly string[], stored: readonly string[]): string[] {
  const sections = new Set([...plan.pages.flatMap((page) => page.sections.map((section) => section.id)), ...stored]);
  const pages = new Map(plan.pages.map((page) => [page.id, page.sections.map((section) => section.id)]));
  const found = new Set<string>();
  const unknown: string[] = [];
  for (const id of ids) {
    const plain = id.replace(/^\/+|\/+$/g, "") || "index";
    if (sections.has(id)) found.add(id);
    else if (pages.has(plain)) for (const section of pages.get(plain) ?? []) found.add(section);
    else unknown.push(id);
  }
  if (unknown.length === 0) return [...found];
  const known = [...sections, ...pages.keys()];
  const named = unknown.map((id) => `"${id}".${didYouMean(id, known)}`);
  throw new SiteError("SECTION_UNKNOWN", `No section ${named.join(" No section ")} The tool \`content\` lists them.`, {
    unknown,
  });
}

function nameOf(section: SectionPlan): string {
  return section.id.slice(section.id.indexOf(":") + 1);
}
