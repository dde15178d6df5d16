import { defineJob } from "@brains/plugin";
import { z } from "zod";
import { TEMPLATES } from "../config.ts";
import { STAGES } from "../content/versions.ts";
import { folderOfPattern, isGlob } from "../files/glob.ts";
import { openProvider } from "../generation/provider.ts";
import type { Site } from "../site.ts";
import { failing } from "./failing.ts";

const change = z.object({
  section: z.string(),
  stage: z.enum(STAGES),
  changed: z.boolean(),
  hash: z.string(),
  versions: z.int(),
});

/** Warnings kept in a result; the log has all. */
const KEPT = 50;

/** The jobs that change one section each. Each has its effect once, however often it runs. */
export function sectionJobs(site: Site) {
  const generate = defineJob({
    type: "generate-section",
    description: "Writes one section from its sources into preview",
    input: z.object({
      page: z.object({ id: z.string(), title: z.string().optional() }),
      section: z.object({
        id: z.string(),
        template: z.enum(TEMPLATES),
        heading: z.string().optional(),
        sources: z.array(z.string()).min(1),
      }),
    }),
    output: change.extend({ warnings: z.array(z.string()), warningCount: z.int() }),
    run: ({ page, section }, job) =>
      failing(async () => {
        const [{ noteReader }, provider, folder] = await Promise.all([
          import("../notes/note.ts"),
          openProvider(site.config.provider),
          site.folder(),
        ]);
        // Only where they can be: with the whole tree for each, the cost of a site would grow with its square.
        const under = section.sources.filter(isGlob).map(folderOfPattern);
        const files = await folder.markdownFiles({ signal: job.signal, under });
        const warnings: string[] = [];
        const content = await provider.generate({
          page,
          section,
          files,
          notes: noteReader(folder, site.config.maxFileBytes),
          signal: job.signal,
          warn(message) {
            warnings.push(message);
            job.log(`warning: ${message}`, "stderr");
          },
        });
        job.signal.throwIfAborted();
        const changed = await (await site.content()).saveDraft(section.id, content, job.id);
        return { ...changed, warnings: warnings.slice(0, KEPT), warningCount: warnings.length };
      }),
  });

  const promote = defineJob({
    type: "promote-section",
    description: "Makes the preview version of one section the production version",
    input: z.object({ section: z.string() }),
    output: change,
    run: ({ section }, job) => failing(async () => (await site.content()).promote(section, job.id)),
  });

  const rollback = defineJob({
    type: "rollback-section",
    description: "Makes the version before the current one of one section current again",
    input: z.object({ section: z.string(), stage: z.enum(STAGES) }),
    output: change,
    run: ({ section, stage }, job) => failing(async () => (await site.content()).rollback(section, stage, job.id)),
  });

  return { generate, promote, rollback };
}
export type SectionJobs = ReturnType<typeof sectionJobs>;
