import type { PageSettings, SiteSettings, Template } from "../config.ts";
import { SiteError } from "../errors.ts";
import { globMatcher, isGlob } from "../files/glob.ts";
import { folderOf } from "../files/path-rules.ts";
import { isIndexFile, outputFile, pageIdOf, routeOf, slug, slugFolder } from "./routes.ts";

export interface SectionPlan {
  /** `page:section`, e.g. `guides/install:body`. */
  readonly id: string;
  readonly template: Template;
  readonly heading?: string | undefined;
  /** Files or globs in the content folder. */
  readonly sources: readonly string[];
}

export interface PagePlan {
  /** The route without slashes at its ends; `index` for the home page. */
  readonly id: string;
  readonly route: string;
  /** In the site's folder. */
  readonly file: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly order?: number | undefined;
  /** Folder of the content that the page speaks for, where it is a folder's page. */
  readonly folder?: string | undefined;
  readonly sections: readonly SectionPlan[];
}

export interface SitePlan {
  readonly settings: SiteSettings;
  readonly pages: readonly PagePlan[];
  /** Odd names that were changed, e.g. two files that differ in case only. */
  readonly warnings: readonly string[];
  /** Markdown file → id of the page that shows it. */
  readonly pageOfSource: ReadonlyMap<string, string>;
}

/** Which pages and sections a site has: the explicit ones, then in auto mode one page per remaining Markdown file and an index per folder. */
export function planSite(settings: SiteSettings, files: readonly string[]): SitePlan {
  const planner = new Planner();
  for (const page of settings.pages ?? []) planner.addExplicit(page, files);
  if (settings.auto ?? settings.pages === undefined) {
    const rest = files.filter((file) => !planner.pageOfSource.has(file));
    // Index files first: where two files want one page, the folder's own file gets it.
    for (const file of [...rest].sort((a, b) => Number(isIndexFile(b)) - Number(isIndexFile(a)))) planner.addFile(file);
    for (const folder of foldersOf(rest)) planner.addFolder(folder);
  }
  return { settings, pages: planner.pages, warnings: planner.warnings, pageOfSource: planner.pageOfSource };
}

class Planner {
  readonly pages: PagePlan[] = [];
  readonly warnings: string[] = [];
  readonly pageOfSource = new Map<string, string>();
  readonly #ids = new Set<string>();

  addExplicit(page: PageSettings, files: readonly string[]): void {
    const parts = page.route.split("/").filter((part) => part !== "");
    const wrong = parts.find((part) => slug(part) !== part);
    if (wrong !== undefined) {
      throw new SiteError(
        "SITE_INVALID",
        `Route ${page.route}: "${wrong}" cannot be part of a route. Use "${slug(wrong)}".`,
      );
    }
    const id = parts.join("/") || "index";
    if (this.#ids.has(id)) throw new SiteError("SITE_INVALID", `Two pages have the route ${page.route}.`);
    this.#ids.add(id);
    const names = new Set<string>();
    const sections = page.sections.map((section) => {
      if (names.has(section.id))
        throw new SiteError("SITE_INVALID", `Page ${page.route} has two sections with the id "${section.id}".`);
      names.add(section.id);
      const sources = typeof section.sources === "string" ? [section.sources] : section.sources;
      if (section.template === "article") {
        for (const file of matching(sources, files)) if (!this.pageOfSource.has(file)) this.pageOfSource.set(file, id);
      }
      return { id: `${id}:${section.id}`, template: section.template, heading: section.title, sources };
    });
    const isFolder = page.route.length > 1 && page.route.endsWith("/");
    const { title, description, order } = page;
    this.pages.push({
      id,
      route: routeOf(id, isFolder),
      file: outputFile(id, isFolder),
      title,
      description,
      order,
      sections,
    });
  }

  addFile(path: string): void {
    const wanted = pageIdOf(path);
    const isFolder = isIndexFile(path) && !this.#ids.has(wanted);
    const id = this.#free(
      isIndexFile(path) && !isFolder ? `${wanted === "index" ? "" : `${wanted}/`}readme` : wanted,
      path,
    );
    this.pageOfSource.set(path, id);
    const folder = isFolder ? folderOf(path) : undefined;
    const sections = [{ id: `${id}:body`, template: "article" as const, sources: [path] }];
    this.pages.push({ id, route: routeOf(id, isFolder), file: outputFile(id, isFolder), folder, sections });
  }

  /** A folder without a page of its own gets one that lists what is in it. */
  addFolder(folder: string): void {
    const id = slugFolder(folder) || "index";
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    const sources = [folder === "" ? "**" : `${folder}/**`];
    const sections = [{ id: `${id}:contents`, template: "contents" as const, sources }];
    this.pages.push({ id, route: routeOf(id, true), file: outputFile(id, true), folder, sections });
  }

  #free(wanted: string, path: string): string {
    let id = wanted;
    for (let count = 2; this.#ids.has(id); count++) id = `${wanted}-${count}`;
    if (id !== wanted) this.warnings.push(`${path}: another page has the address /${wanted}, so it becomes /${id}.`);
    this.#ids.add(id);
    return id;
  }
}

/** Files that the sources name, in the order of the sources; a plain path is kept even when no such file is known. */
export function matching(sources: readonly string[], files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const source of sources) {
    if (!isGlob(source)) found.add(source.replace(/^\.?\//, ""));
    else for (const file of files.filter(globMatcher(source))) found.add(file);
  }
  return [...found];
}

function foldersOf(files: readonly string[]): string[] {
  const folders = new Set<string>([""]);
  for (const file of files)
    for (let folder = folderOf(file); folder !== ""; folder = folderOf(folder)) folders.add(folder);
  return [...folders].sort();
}
