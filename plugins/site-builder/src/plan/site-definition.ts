import { LineCounter, isNode, parseDocument } from "yaml";
import type { z } from "zod";
import { type SiteSettings, siteSchema } from "../config.ts";
import { SiteError } from "../errors.ts";
import type { SourceFolder } from "../files/source-folder.ts";
import { didYouMean } from "@brains/plugin/nearest";

const NAMES = ["site.yaml", "site.yml"];

/** The site's settings: those of the plugin's config, overridden by `site.yaml` in the content folder where that exists. */
export async function readSiteDefinition(folder: SourceFolder, configured: SiteSettings): Promise<SiteSettings> {
  for (const name of NAMES) {
    if ((await folder.kind(name)) !== "file") continue;
    const text = new TextDecoder().decode(await folder.read(name, 1024 * 1024));
    return { ...configured, ...parseSiteDefinition(text, folder.display(name)) };
  }
  return configured;
}

export function parseSiteDefinition(text: string, file: string): SiteSettings {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    schema: "core",
    lineCounter: counter,
    prettyErrors: false,
    logLevel: "silent",
  });
  const fail = (offset: number, message: string): never => {
    const { line } = counter.linePos(offset);
    throw new SiteError("SITE_INVALID", `${file}:${line}: ${message}`, { file, line });
  };
  const [broken] = document.errors;
  if (broken) return fail(broken.pos[0], `not valid YAML: ${broken.message}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 }) ?? {};
  } catch (error) {
    return fail(0, error instanceof Error ? error.message : String(error));
  }
  const parsed = siteSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) return fail(0, "is not a site definition");
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  let node: unknown;
  for (let depth = path.length; depth >= 0 && !isNode(node); depth--) node = document.getIn(path.slice(0, depth), true);
  return fail((isNode(node) && node.range?.[0]) || 0, problemOf(issue));
}

function problemOf(issue: z.core.$ZodIssue): string {
  const at = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    return `${at}"${key}" is not a setting.${didYouMean(key, ["title", "description", "url", "lang", "auto", "pages", "route", "order", "sections", "id", "template", "sources"])}`;
  }
  return `${at}${issue.message}`;
}
