import { defineTool } from "@brains/plugin";
import { z } from "zod";
import { STAGES } from "../content/versions.ts";
import type { BuildJob } from "../jobs/build-job.ts";
import type { Site } from "../site.ts";

export function buildTools(site: Site, build: BuildJob) {
  return [
    defineTool({
      name: "build-site",
      title: "Build the site",
      description:
        "Builds the website from the promoted sections, in the background: renders the pages that changed, reuses the others, and swaps the new site in at the end. If it fails or is cancelled, the old site stays. The result lists broken links.",
      role: "operator",
      input: z.object({
        outputDir: z
          .string()
          .min(1)
          .max(4_096)
          .optional()
          .describe("Folder inside the brain's; default: the one in the config (`site`)"),
        clean: z.boolean().default(false).describe("Render every page anew"),
        stage: z.enum(STAGES).default("production").describe("`preview` builds the drafts, into a folder of their own"),
      }),
      annotations: { destructive: false, idempotent: true },
      async run({ outputDir, clean, stage }, context) {
        const { shown } = await site.output(outputDir, stage);
        const label = stage === "preview" ? "Build the preview" : "Build the site";
        return {
          ...(await context.enqueueJob(build, { outputDir, clean, stage }, { label, unit: "pages" })),
          outputDir: shown,
        };
      },
    }),
  ];
}
