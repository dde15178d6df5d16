import { z } from "zod";

export const TEMPLATES = ["article", "hero", "summary", "list", "contents", "toc"] as const;
export type Template = (typeof TEMPLATES)[number];

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const sectionSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use small letters, digits and hyphens"),
  template: z.enum(TEMPLATES),
  /** A heading over the section. */
  title: z.string().min(1).optional(),
  /** Files or globs, relative to the content folder. */
  sources: oneOrMore,
});

export const pageSchema = z.strictObject({
  /** `/` is the home page; `/guides/install` becomes guides/install.html. */
  route: z.string().min(1),
  title: z.string().min(1).optional(),
  description: z.string().optional(),
  /** Place in the navigation, lowest first. */
  order: z.number().optional(),
  sections: z.array(sectionSchema).min(1),
});

/** What `site.yaml` in the content folder may say; the plugin's config may say the same under `site`. */
export const siteSchema = z.strictObject({
  title: z.string().min(1).optional(),
  description: z.string().optional(),
  /** Where the site will be served, e.g. https://example.org/docs/. Needed for sitemap.xml and canonical links. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  lang: z
    .string()
    .regex(/^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$/, "use a language tag such as en or pt-BR")
    .optional(),
  /** One page per Markdown file that no explicit page shows, with an index per folder. Default: true when no pages are given. */
  auto: z.boolean().optional(),
  pages: z.array(pageSchema).min(1).optional(),
});

export const configSchema = z.strictObject({
  /** Folder of the Markdown, relative to the brain's folder. Default: `docs` if it exists, else `content`. */
  content: z.string().min(1).optional(),
  /** Folder of the built site, relative to the brain's folder. */
  output: z.string().min(1).default("site"),
  site: siteSchema.default({}),
  /** Who writes the sections. */
  provider: z.enum(["built-in"]).default("built-in"),
  /** Versions kept per section and stage. */
  history: z.int().min(2).max(1_000).default(20),
  /** Largest Markdown file, in bytes. */
  maxFileBytes: z
    .int()
    .min(1_024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024),
});

export type SiteConfig = z.output<typeof configSchema>;
export type SiteSettings = z.output<typeof siteSchema>;
export type PageSettings = z.output<typeof pageSchema>;
