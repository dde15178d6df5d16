import { definePlugin } from "@brains/plugin";
import { configSchema } from "./config.ts";
import { buildJob } from "./jobs/build-job.ts";
import { planningJobs } from "./jobs/planning-jobs.ts";
import { sectionJobs } from "./jobs/section-jobs.ts";
import { Site } from "./site.ts";
import { buildTools } from "./tools/build-tools.ts";
import { contentTools } from "./tools/content-tools.ts";
import { generateTools } from "./tools/generate-tools.ts";
import { promoteTools } from "./tools/promote-tools.ts";

export { configSchema, type SiteConfig } from "./config.ts";
export { SITE_ERRORS, type SiteErrorCode } from "./errors.ts";
export type { GenerationProvider, GenerationRequest } from "./generation/provider.ts";

/** Generates, promotes and builds a website from the brain's Markdown. What reads and renders Markdown is loaded when the first job needs it. */
export default definePlugin({
  id: "site-builder",
  version: "0.1.0",
  description: "Generates, promotes and builds a website from Markdown",
  config: configSchema,
  register(context) {
    const site = new Site(context);
    const sections = sectionJobs(site);
    const planning = planningJobs(site, sections);
    const build = buildJob(site);
    for (const job of [...Object.values(sections), ...Object.values(planning), build]) context.registerJobHandler(job);
    return {
      tools: [
        ...generateTools(site, sections),
        ...promoteTools(site, { ...sections, ...planning }),
        ...buildTools(site, build),
        ...contentTools(site),
      ],
    };
  },
});
