import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { ContentManager } from "../content/content-manager.ts";
import type { Stage } from "../content/versions.ts";
import { SiteError } from "../errors.ts";
import type { SourceFolder } from "../files/source-folder.ts";
import { type FragmentUse, answerOf } from "../markdown/links.ts";
import { renderPageBody } from "../markdown/page-body.ts";
import type { SitePlan } from "../plan/site-plan.ts";
import { type PageFrame, renderNotFound, renderPage } from "../theme/layout.ts";
import { readStylesheet } from "../theme/stylesheet.ts";
import { type Locator, createLocator } from "./locator.ts";
import { Navigation } from "./navigation.ts";
import { type CachedPage, PageCache } from "./page-cache.ts";
import { type PublishedPage, publishedPages } from "./published.ts";
import { renderVersion } from "./render-version.ts";
import type { SiteFolder } from "./site-folder.ts";
import { addressOf, sitemap } from "./sitemap.ts";

export interface BuildInput {
  readonly plan: SitePlan;
  readonly content: ContentManager;
  readonly stage: Stage;
  readonly folder: SourceFolder;
  readonly target: SiteFolder;
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  progress(state: {
    readonly current: number;
    readonly total: number;
    readonly rendered: number;
    readonly reused: number;
  }): void;
  /** Called right before the site is swapped; throws to prevent it. */
  beforeSwap(): Promise<void>;
}

export interface BuildReport {
  readonly stage: Stage;
  readonly pages: number;
  readonly rendered: number;
  readonly reused: number;
  readonly assets: number;
  /** Sections of the plan without a version in this stage. */
  readonly missing: readonly string[];
  readonly drafts: readonly string[];
  readonly broken: readonly string[];
  readonly warnings: readonly string[];
}

/** Builds the whole site beside the old one and swaps it in. Fails without a trace: the old site stays. */
export async function buildSite(input: BuildInput): Promise<BuildReport> {
  const { plan, stage, target, signal } = input;
  const { pages, missing, drafts } = await publishedPages(plan, input.content, stage);
  if (pages.length === 0) {
    const how =
      stage === "preview" ? "Run `generate-all` first." : "Run `generate-all`, then `promote-all`, then build again.";
    throw new SiteError("NOTHING_TO_BUILD", `No section has a ${stage} version. ${how}`);
  }
  const cache = new PageCache(input.cacheDir);
  await cache.open();
  await target.recover();
  await target.begin();
  try {
    const built = await writePages(input, pages, cache);
    signal.throwIfAborted();
    await input.beforeSwap();
    await target.publish();
    await cache.prune();
    return { stage, missing, drafts, ...built, warnings: [...plan.warnings, ...built.warnings] };
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

type Built = Pick<BuildReport, "pages" | "rendered" | "reused" | "assets" | "broken" | "warnings">;

async function writePages(input: BuildInput, pages: readonly PublishedPage[], cache: PageCache): Promise<Built> {
  const { plan, target } = input;
  const navigation = new Navigation(pages);
  const locator = createLocator(plan, pages, input.folder, (file, content) => target.write(file, content));
  const stylesheet = await readStylesheet();
  const version = await renderVersion();
  const site = siteOf(plan, pages, stylesheet);
  const done: { page: PublishedPage; result: CachedPage }[] = [];
  let reused = 0;
  for (const page of navigation.reading) {
    input.signal.throwIfAborted();
    const frame = frameOf(page, site, plan.settings.url, navigation);
    const key = PageCache.key([version, frame, page.hashes]);
    const known = await stillValid(await cache.get(key), locator);
    const result = known ?? (await render(page, frame, input, locator));
    if (known) reused++;
    else await cache.set(key, result);
    await target.write(page.file, result.html);
    done.push({ page, result });
    input.progress({ current: done.length, total: pages.length, rendered: done.length - reused, reused });
    // Rendering is computation: give others their turn.
    await setImmediate();
  }
  const { url } = plan.settings;
  await target.write("style.css", stylesheet);
  await target.write(
    "404.html",
    renderNotFound(site, stylesheet, url === undefined ? "/" : addressOf(url, "index.html")),
  );
  if (url !== undefined)
    await target.write(
      "sitemap.xml",
      sitemap(
        url,
        navigation.reading.map((page) => page.file),
      ),
    );
  const broken = [...done.flatMap(({ result }) => result.broken), ...deadFragments(done)];
  const warnings = done.flatMap(({ result }) => result.warnings);
  return { pages: done.length, rendered: done.length - reused, reused, assets: locator.assets(), broken, warnings };
}

function siteOf({ settings }: SitePlan, pages: readonly PublishedPage[], stylesheet: string): PageFrame["site"] {
  const home = pages.find((page) => page.id === "index");
  return {
    title: settings.title ?? home?.title ?? "Home",
    description: settings.description,
    lang: settings.lang ?? "en",
    style: createHash("sha256").update(stylesheet).digest("hex").slice(0, 8),
  };
}

function frameOf(
  page: PublishedPage,
  site: PageFrame["site"],
  url: string | undefined,
  navigation: Navigation,
): PageFrame {
  const { file, title, description } = page;
  const canonical = url === undefined ? undefined : addressOf(url, file);
  return { site, file, title, description, canonical, ...navigation.around(page) };
}

/** A page also depends on what its links and pictures lead to: the cached one holds only while each lookup still gives the same answer. */
async function stillValid(cached: CachedPage | undefined, locator: Locator): Promise<CachedPage | undefined> {
  for (const [key, answer] of cached?.lookups ?? []) {
    const space = key.indexOf(" ");
    const use = key.slice(0, space) === "picture" ? "picture" : "link";
    if (answerOf(await locator.locate(key.slice(space + 1), use)) !== answer) return undefined;
  }
  return cached;
}

async function render(
  page: PublishedPage,
  frame: PageFrame,
  { folder }: BuildInput,
  { locate }: Locator,
): Promise<CachedPage> {
  const body = await renderPageBody({
    file: page.file,
    title: page.title,
    sections: page.sections,
    display: folder.display,
    locate,
  });
  return {
    html: renderPage(frame, body),
    ids: [...body.ids],
    broken: body.broken,
    warnings: [...body.warnings],
    fragments: body.fragments,
    lookups: [...body.lookups],
  };
}

function deadFragments(done: readonly { page: PublishedPage; result: CachedPage }[]): string[] {
  const ids = new Map(done.map(({ page, result }) => [page.file, new Set(result.ids)]));
  const isDead = ({ file, fragment }: FragmentUse) => fragment !== "top" && ids.get(file)?.has(fragment) === false;
  return done.flatMap(({ result }) =>
    result.fragments.filter(isDead).map(({ where }) => `${where} names a heading that the page does not have`),
  );
}
