import { createHash } from "node:crypto";
import { SiteError } from "../errors.ts";
import { baseOf } from "../files/path-rules.ts";
import type { SourceFolder } from "../files/source-folder.ts";
import type { Found, Locate } from "../markdown/links.ts";
import { slug, slugFolder } from "../plan/routes.ts";
import type { SitePlan } from "../plan/site-plan.ts";
import type { PublishedPage } from "./published.ts";

const PICTURES = new Set(["png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "bmp"]);
/** Files that a browser shows or saves but never runs. */
const DOWNLOADS = new Set([
  "pdf",
  "txt",
  "csv",
  "tsv",
  "json",
  "yaml",
  "yml",
  "toml",
  "zip",
  "gz",
  "tgz",
  "ods",
  "odt",
  "odp",
  "docx",
  "xlsx",
  "pptx",
  "mp3",
  "mp4",
  "webm",
  "ogg",
]);
const MAX_ASSET = 32 * 1024 * 1024;
/** An SVG opened by itself is a document that can run. */
const ACTIVE_SVG =
  /<\s*(?:script|foreignObject|iframe|embed|object|handler|set\b|animate\b[^>]*href)|\son\w+\s*=|javascript:|<!ENTITY|data:text\/html/i;

export interface Locator {
  readonly locate: Locate;
  readonly assets: () => number;
}

/** Finds what paths of the content folder are in the site, and copies pictures and files that pages use into it, each once. */
export function createLocator(
  plan: SitePlan,
  pages: readonly PublishedPage[],
  folder: SourceFolder,
  write: (file: string, content: Uint8Array) => Promise<void>,
): Locator {
  const fileOf = new Map(pages.map((page) => [page.id, page.file]));
  const known = new Map<string, Promise<Found>>();
  const written = new Map<string, Promise<void>>();

  function page(path: string): Found | undefined {
    for (const variant of variants(path)) {
      const id = plan.pageOfSource.get(variant);
      if (id === undefined) continue;
      const file = fileOf.get(id);
      return file === undefined
        ? { kind: "none", reason: "leads to a page that is not in this stage" }
        : { kind: "page", file };
    }
    const file = fileOf.get(path === "" ? "index" : slugFolder(path.replace(/\/$/, "").replace(/\.html?$/, "")));
    return file === undefined ? undefined : { kind: "page", file };
  }

  async function asset(path: string, allowed: ReadonlySet<string>): Promise<Found> {
    const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
    if ((await folder.kind(path)) !== "file") return { kind: "none", reason: "leads nowhere" };
    if (!allowed.has(extension)) return { kind: "none", reason: "leads to a file that is not part of the site" };
    try {
      const content = await folder.read(path, MAX_ASSET);
      if (extension === "svg" && ACTIVE_SVG.test(content.toString("utf8")))
        return { kind: "none", reason: "is an SVG that can run code" };
      const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
      const file = `assets/${slug(baseOf(path).slice(0, -extension.length - 1))}-${hash}.${extension}`;
      const writing = written.get(file) ?? write(file, content);
      written.set(file, writing);
      await writing;
      return { kind: "asset", file };
    } catch (error) {
      if (!(error instanceof SiteError)) throw error;
      return { kind: "none", reason: `cannot be used: ${error.message}` };
    }
  }

  async function find(path: string, use: "link" | "picture"): Promise<Found> {
    if (use === "picture") return asset(path, PICTURES);
    return page(path) ?? (await asset(path, new Set([...PICTURES, ...DOWNLOADS])));
  }

  return {
    locate(path, use) {
      const key = `${use} ${path}`;
      const found = known.get(key) ?? find(path, use);
      known.set(key, found);
      return found;
    },
    assets: () => written.size,
  };
}

/** Notes refer to each other with and without extension, by folder, and as the page that another tool would make of them. */
function variants(path: string): string[] {
  const plain = path.replace(/\/$/, "").replace(/\.html?$/, "");
  const inside = plain === "" ? "" : `${plain}/`;
  const index = ["index.md", "README.md", "readme.md", "Readme.md", "index.markdown"].map((name) => inside + name);
  return [path, `${plain}.md`, `${plain}.markdown`, ...index];
}
