import { defineJob } from "@brains/plugin";
import { z } from "zod";
import { STAGES, type Stage } from "../content/versions.ts";
import type { Site } from "../site.ts";
import { failing } from "./failing.ts";
import type { SectionJobs } from "./section-jobs.ts";

const planned = z.object({ sections: z.int(), message: z.string() });

/** Sections whose preview version is not the production version. */
export async function sectionsToPromote(site: Site): Promise<string[]> {
  const { plan } = await site.plan();
  const known = new Set(plan.pages.flatMap((page) => page.sections.map((section) => section.id)));
  const states = await (await site.content()).sections();
  const isNew = states.filter(
    ({ section, preview, production }) => known.has(section) && preview && preview.hash !== production?.hash,
  );
  return isNew.map(({ section }) => section);
}

/** Sections that have a version to go back to. */
export async function sectionsToRollBack(site: Site, stage: Stage): Promise<string[]> {
  const states = await (await site.content()).sections();
  const earlier = states.filter(
    (state) => (stage === "preview" ? state.earlierInPreview : state.earlierInProduction) > 0,
  );
  return earlier.map(({ section }) => section);
}

/**
 * The jobs that open a batch: what belongs into it is known only when the work before has ended.
 * The list is a step, so a repetition adds the same members and not those that changed meanwhile.
 */
export function planningJobs(site: Site, { promote, rollback }: SectionJobs) {
  const planPromotion = defineJob({
    type: "plan-promotion",
    description: "Finds the sections whose preview differs from production",
    input: z.object({}),
    output: planned,
    run: (_, job) =>
      failing(async () => {
        const sections = await job.step("sections", () => sectionsToPromote(site));
        await job.addToBatch(sections.map((section) => ({ type: promote.type, data: { section }, label: section })));
        return {
          sections: sections.length,
          message:
            sections.length === 0 ? "Production has all of preview already." : `${counted(sections)} to promote.`,
        };
      }),
  });

  const planRollback = defineJob({
    type: "plan-rollback",
    description: "Finds the sections that have an earlier version",
    input: z.object({ stage: z.enum(STAGES) }),
    output: planned,
    run: ({ stage }, job) =>
      failing(async () => {
        const sections = await job.step("sections", () => sectionsToRollBack(site, stage));
        await job.addToBatch(
          sections.map((section) => ({ type: rollback.type, data: { section, stage }, label: section })),
        );
        return {
          sections: sections.length,
          message:
            sections.length === 0
              ? `No section has an earlier ${stage} version.`
              : `${counted(sections)} to roll back.`,
        };
      }),
  });

  return { planPromotion, planRollback };
}
export type PlanningJobs = ReturnType<typeof planningJobs>;

export function counted(sections: readonly unknown[]): string {
  return sections.length === 1 ? "1 section" : `${sections.length} sections`;
}
