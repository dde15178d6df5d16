import { counted } from "../jobs/planning-jobs.ts";

/** Ids listed in a plan; the total is always said. */
const LISTED = 500;

/** What a dry run answers. Nothing was enqueued. */
export function planReply(verb: string, sections: readonly string[]) {
  return {
    dryRun: true as const,
    message: `Would ${verb} ${counted(sections)}. Nothing was enqueued.`,
    total: sections.length,
    sections: sections.slice(0, LISTED),
  };
}
