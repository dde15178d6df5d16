import type { SectionContent, SectionPart } from "../content/section-content.ts";

/** What a template makes of its sources. */
export type Composed = Pick<SectionContent, "title" | "description" | "order" | "draft" | "mentions"> & {
  readonly parts: SectionPart[];
};
