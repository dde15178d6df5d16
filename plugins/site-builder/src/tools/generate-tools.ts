import { type ToolContext, batchOf, defineTool } from "@brains/plugin";
import { z } from "zod";
import { counted } from "../jobs/planning-jobs.ts";
import type { SectionJobs } from "../jobs/section-jobs.ts";
import type { Site } from "../site.ts";
import { planReply } from "./plan-reply.ts";
import { type Selected, selectSections } from "./selection.ts";

const dryRun = z.boolean().default(false).describe("Only tell what would be done");

export function generateTools(site: Site, { generate }: SectionJobs) {
  const enqueue = (selected: readonly Selected[], label: string, context: ToolContext) => {
    const items = selected.map(({ page, section }) => {
      const { id, template, heading, sources } = section;
      return batchOf(
        generate,
        { page: { id: page.id, title: page.title }, section: { id, template, heading, sources: [...sources] } },
        { label: id },
      );
    });
    return context.enqueueBatch(items, { label, unit: "sections" });
  };

  return [
    defineTool({
      name: "generate",
      title: "Generate sections",
      description:
        "Writes the sections of a page (or one section) from the brain's Markdown into preview, in the background. Without `page` and `section` it does all, like generate-all. Next: promote.",
      input: z.object({
        page: z.string().min(1).optional().describe("Page id or route, e.g. `guides/install`, or the Markdown file"),
        section: z.string().min(1).optional().describe("Name of a section, e.g. `body`"),
        dryRun,
      }),
      annotations: { destructive: false, idempotent: true },
      async run({ page, section, dryRun }, context) {
        const selected = selectSections(await site.plan(context.signal), page, section);
        if (dryRun)
          return planReply(
            "generate",
            selected.map((one) => one.section.id),
          );
        const [only] = selected;
        const label =
          selected.length === 1 && only ? `Generate ${only.section.id}` : `Generate ${page ?? counted(selected)}`;
        return enqueue(selected, label, context);
      },
    }),
    defineTool({
      name: "generate-all",
      title: "Generate all sections",
      description:
        "Writes all sections of all pages from the brain's Markdown into preview, in the background, as one batch. Next: promote-all, then build-site.",
      input: z.object({ dryRun }),
      annotations: { destructive: false, idempotent: true },
      async run({ dryRun }, context) {
        const selected = selectSections(await site.plan(context.signal));
        if (dryRun)
          return planReply(
            "generate",
            selected.map((one) => one.section.id),
          );
        return enqueue(selected, "Generate all sections", context);
      },
    }),
  ];
}
