import type { ContentManager } from "../content/content-manager.ts";
import type { SectionContent } from "../content/section-content.ts";
import type { Stage } from "../content/versions.ts";
import { titleFromPath } from "../notes/note.ts";
import { slugFolder } from "../plan/routes.ts";
import type { PagePlan, SitePlan } from "../plan/site-plan.ts";

/** A page with the contents of its sections in one stage. */
export interface PublishedPage {
  readonly id: string;
  readonly route: string;
  readonly file: string;
  readonly title: string;
  readonly description?: string | undefined;
  readonly order?: number | undefined;
  /** Ids of pages that the page mentions, in order. */
  readonly mentions: readonly string[];
  readonly sections: readonly SectionContent[];
  readonly hashes: readonly string[];
}

export interface Published {
  readonly pages: readonly PublishedPage[];
  /** Sections that have no version in this stage, and pages left out as drafts. */
  readonly missing: readonly string[];
  readonly drafts: readonly string[];
}

/** What of the plan a stage can show at this moment. A page needs one section at least. */
export async function publishedPages(plan: SitePlan, content: ContentManager, stage: Stage): Promise<Published> {
  const versions = await content.snapshot(stage);
  const pages: PublishedPage[] = [];
  const missing: string[] = [];
  const drafts: string[] = [];
  for (const page of plan.pages) {
    const hashes: string[] = [];
    const sections: SectionContent[] = [];
    for (const { id } of page.sections) {
      const hash = versions.get(id)?.hash;
      if (hash === undefined) missing.push(id);
      else {
        hashes.push(hash);
        sections.push(await content.read(hash));
      }
    }
    if (sections.length === 0) continue;
    if (stage === "production" && sections.some((section) => section.draft)) drafts.push(page.route);
    else pages.push(publish(page, plan, sections, hashes));
  }
  return { pages, missing, drafts };
}

function publish(
  page: PagePlan,
  plan: SitePlan,
  sections: readonly SectionContent[],
  hashes: readonly string[],
): PublishedPage {
  const first = <T>(read: (section: SectionContent) => T | undefined) =>
    sections.map(read).find((value) => value !== undefined);
  const fallback = page.id === "index" ? (plan.settings.title ?? "Home") : titleFromPath(page.id);
  const mentions = sections
    .flatMap((section) => section.mentions ?? [])
    .map((path) => plan.pageOfSource.get(path) ?? slugFolder(path.replace(/\/$/, "")));
  const { id, route, file } = page;
  return {
    id,
    route,
    file,
    title: page.title ?? first((section) => section.title) ?? fallback,
    description: page.description ?? first((section) => section.description),
    order: page.order ?? first((section) => section.order),
    mentions,
    sections,
    hashes,
  };
}
