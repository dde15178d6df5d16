import { baseOf, compareNames, folderOf, resolveInside } from "../files/path-rules.ts";
import { SiteError } from "../errors.ts";
import { titleFromPath } from "../notes/note.ts";
import type { GenerationRequest } from "./provider.ts";

/** What a list shows of a note. */
export interface Listed {
  readonly path: string;
  readonly title: string;
  readonly summary: string;
  readonly order?: number | undefined;
  /** Paths in the content folder that the note links to, in order. */
  readonly links: readonly string[];
}

/** A list does not fail because of one broken note: it is listed under the name of its file, with a warning. */
export async function noteOrStandIn(request: GenerationRequest, path: string): Promise<Listed> {
  request.signal.throwIfAborted();
  try {
    const note = await request.notes(path);
    return {
      path,
      title: note.title,
      summary: note.summary,
      order: note.frontMatter.order,
      links: linkedPaths(path, note.outline.links),
    };
  } catch (error) {
    if (!(error instanceof SiteError)) throw error;
    request.warn(error.message);
    return { path, title: titleFromPath(path), summary: "", links: [] };
  }
}

export function linkedPaths(from: string, links: readonly string[]): string[] {
  return links.flatMap((link) => {
    const [target = ""] = link.split(/[?#]/);
    if (target === "" || /^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return [];
    let plain = target;
    try {
      plain = decodeURIComponent(target);
    } catch {}
    return resolveInside(plain.startsWith("/") ? "" : folderOf(from), plain.replace(/^\/+/, "")) ?? [];
  });
}

/** Reading order in a folder: the author's `order`, then as the folder's index mentions them, then by name. */
export function compareListed(index: Listed | undefined): (a: Listed, b: Listed) => number {
  const mentioned = new Map<string, number>();
  for (const link of index?.links ?? []) if (!mentioned.has(link)) mentioned.set(link, mentioned.size);
  const rank = (item: Listed) => mentioned.get(item.path) ?? Number.MAX_SAFE_INTEGER;
  const order = (item: Listed) => item.order ?? Number.MAX_SAFE_INTEGER;
  return (a, b) => order(a) - order(b) || rank(a) - rank(b) || compareNames(baseOf(a.path), baseOf(b.path));
}
