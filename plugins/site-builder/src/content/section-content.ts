import { z } from "zod";

/** A piece of Markdown with where it came from, so that links resolve and messages can name file and line. */
const partSchema = z.object({
  /** Path in the content folder; links are relative to it. */
  source: z.string(),
  /** Line of the source at which the Markdown starts, 1 for the first. */
  line: z.int().min(1),
  markdown: z.string(),
});

export const sectionContentSchema = z.object({
  format: z.literal(1),
  template: z.string(),
  /** Who wrote it, e.g. `built-in@1`. */
  provider: z.string(),
  /** Heading over the section, from the site definition. */
  heading: z.string().optional(),
  /** Title of what the section shows; the first section's names the page where the definition does not. */
  title: z.string().optional(),
  description: z.string().optional(),
  /** Place in the navigation, from the front matter. */
  order: z.number().optional(),
  /** From the front matter: stays in preview, is left out of a production build. */
  draft: z.boolean().optional(),
  /** Paths in the content folder that the section mentions, in its order: the reading order of the pages below this one. */
  mentions: z.array(z.string()).optional(),
  parts: z.array(partSchema),
});

/** One generated section: the unit that is versioned, promoted and rendered. */
export type SectionContent = z.output<typeof sectionContentSchema>;
export type SectionPart = z.output<typeof partSchema>;

/** The stored bytes. Keys in one fixed order, so equal content has one hash whoever composed it. */
export function serializeContent(content: SectionContent): string {
  const { format, template, provider, heading, title, description, order, draft, mentions } = content;
  const parts = content.parts.map(({ source, line, markdown }) => ({ source, line, markdown }));
  return `${JSON.stringify({ format, template, provider, heading, title, description, order, draft, mentions, parts }, null, 1)}\n`;
}
