import { randomUUID } from "node:crypto";
import { defineJob } from "@brains/plugin";
import { z } from "zod";
import { STAGES } from "../content/versions.ts";
import type { Site } from "../site.ts";
import { failing } from "./failing.ts";

const report = z.object({
  output: z.string(),
  folder: z.string(),
  stage: z.enum(STAGES),
  pages: z.int(),
  rendered: z.int(),
  reused: z.int(),
  assets: z.int(),
  missing: z.array(z.string()),
  drafts: z.array(z.string()),
  broken: z.array(z.string()),
  brokenCount: z.int(),
  warnings: z.array(z.string()),
  warningCount: z.int(),
});

/** Entries of each list in the result; the log has all. */
const KEPT = 30;

/** Builds the site of one stage. One at a time in a brain. A repetition after a crash reuses the pages that the first try rendered. */
export function buildJob(site: Site) {
  return defineJob({
    type: "build-site",
    description: "Renders the pages of a stage and swaps the site in",
    input: z.object({ outputDir: z.string().optional(), clean: z.boolean(), stage: z.enum(STAGES) }),
    output: report,
    concurrency: 1,
    run: (input, job) =>
      failing(async () => {
        const [{ buildSite }, { SiteFolder }, { dropPages }] = await Promise.all([
          import("../build/build-site.ts"),
          import("../build/site-folder.ts"),
          import("../build/page-cache.ts"),
        ]);
        const { stage, clean } = input;
        const output = await site.output(input.outputDir, stage);
        const { folder, plan } = await site.plan(job.signal);
        const content = await site.content();
        // A step, so that a try after a crash keeps what the one before has rendered.
        if (clean) await job.step("clean", () => dropPages(output.cacheDir));
        const built = await buildSite({
          plan,
          content,
          stage,
          folder,
          target: new SiteFolder(output.path, `${job.number}-${randomUUID().slice(0, 8)}`),
          cacheDir: output.cacheDir,
          signal: job.signal,
          progress: ({ current, total, rendered, reused }) =>
            job.progress({
              current,
              total,
              unit: "pages",
              message: `${rendered} rendered, ${reused} reused`,
              details: { rendered, reused },
            }),
          async beforeSwap() {
            await site.output(input.outputDir, stage);
          },
        });
        await content.sweep();
        for (const line of built.broken) job.log(`broken: ${line}`, "stderr");
        for (const line of built.warnings) job.log(`warning: ${line}`, "stderr");
        for (const section of built.missing) job.log(`left out: ${section} has no ${stage} version`);
        for (const route of built.drafts) job.log(`left out: ${route} is a draft`);
        if (plan.settings.url === undefined) job.log("No sitemap.xml: it needs `url` in site.yaml.");
        job.log(`${output.path}: ${built.pages} pages, ${built.rendered} rendered, ${built.reused} reused`);
        return {
          output: output.shown,
          folder: output.path,
          ...built,
          missing: built.missing.slice(0, KEPT),
          drafts: built.drafts.slice(0, KEPT),
          broken: built.broken.slice(0, KEPT),
          brokenCount: built.broken.length,
          warnings: built.warnings.slice(0, KEPT),
          warningCount: built.warnings.length,
        };
      }),
  });
}
export type BuildJob = ReturnType<typeof buildJob>;
