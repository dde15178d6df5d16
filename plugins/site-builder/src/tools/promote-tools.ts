import { batchOf, defineTool } from "@brains/plugin";
import { z } from "zod";
import { STAGES } from "../content/versions.ts";
import { SiteError } from "../errors.ts";
import { type PlanningJobs, counted, sectionsToPromote, sectionsToRollBack } from "../jobs/planning-jobs.ts";
import type { SectionJobs } from "../jobs/section-jobs.ts";
import type { Site } from "../site.ts";
import { planReply } from "./plan-reply.ts";
import { selectIds } from "./selection.ts";

const dryRun = z.boolean().default(false).describe("Only tell what would be done");
const ids = z
  .array(z.string().min(1))
  .min(1)
  .max(1_000)
  .describe("Section ids such as `guides/install:body`; a page id stands for all its sections");
const stage = z.enum(STAGES).default("production").describe("Where to go back: in production (default) or in preview");

/** Both directions, for one and for all. */
export function promoteTools(site: Site, jobs: SectionJobs & PlanningJobs) {
  const select = async (ids: readonly string[], signal: AbortSignal) => {
    const states = await (await site.content()).sections();
    const selected = selectIds(
      await site.plan(signal),
      ids,
      states.map((state) => state.section),
    );
    return { selected, states: new Map(states.map((state) => [state.section, state])) };
  };

  return [
    defineTool({
      name: "promote",
      title: "Promote sections",
      description:
        "Makes the preview versions of sections the production versions, in the background. Next: build-site.",
      input: z.object({ ids, dryRun }),
      annotations: { destructive: false, idempotent: true },
      async run({ ids, dryRun }, context) {
        const { selected } = await select(ids, context.signal);
        if (dryRun) return planReply("promote", selected);
        const items = selected.map((section) => batchOf(jobs.promote, { section }, { label: section }));
        return context.enqueueBatch(items, { label: `Promote ${counted(selected)}`, unit: "sections" });
      },
    }),
    defineTool({
      name: "promote-all",
      title: "Promote all sections",
      description:
        "Makes every preview version that differs the production version, in the background. Which those are is found out when it runs, so it can be queued after generate-all. Next: build-site.",
      input: z.object({ dryRun }),
      annotations: { destructive: false, idempotent: true },
      async run({ dryRun }, context) {
        if (dryRun) return planReply("promote", await sectionsToPromote(site));
        const items = [batchOf(jobs.planPromotion, {}, { label: "Find what to promote" })];
        return context.enqueueBatch(items, { label: "Promote all sections", unit: "sections", open: true });
      },
    }),
    defineTool({
      name: "rollback",
      title: "Roll sections back",
      description:
        "Restores the version before the current one of sections, in the background. The site changes with the next build-site.",
      input: z.object({ ids, stage, dryRun }),
      annotations: { destructive: true },
      async run({ ids, stage, dryRun }, context) {
        const { selected, states } = await select(ids, context.signal);
        const only = selected.filter(
          (id) =>
            ((stage === "preview" ? states.get(id)?.earlierInPreview : states.get(id)?.earlierInProduction) ?? 0) === 0,
        );
        if (only.length > 0) {
          throw new SiteError(
            "NO_EARLIER_VERSION",
            `No earlier ${stage} version to go back to: ${only.slice(0, 10).join(", ")}${only.length > 10 ? ", …" : ""}.`,
            { sections: only },
          );
        }
        if (dryRun) return planReply("roll back", selected);
        const items = selected.map((section) => batchOf(jobs.rollback, { section, stage }, { label: section }));
        return context.enqueueBatch(items, { label: `Roll back ${counted(selected)}`, unit: "sections" });
      },
    }),
    defineTool({
      name: "rollback-all",
      title: "Roll all sections back",
      description:
        "Restores the version before the current one of every section that has one, in the background. Sections with a single version stay. The site changes with the next build-site.",
      input: z.object({ stage, dryRun }),
      annotations: { destructive: true },
      async run({ stage, dryRun }, context) {
        if (dryRun) return planReply("roll back", await sectionsToRollBack(site, stage));
        const items = [batchOf(jobs.planRollback, { stage }, { label: "Find what to roll back" })];
        return context.enqueueBatch(items, { label: "Roll back all sections", unit: "sections", open: true });
      },
    }),
  ];
}
