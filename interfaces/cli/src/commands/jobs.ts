import type { JobReply, JobsReply } from "@brains/shell";
import { callVerb, workRef } from "../call.ts";
import type { Action } from "../command.ts";
import { jobReplyLines } from "../render/job.ts";
import { jobTable, listFooter } from "../render/jobs.ts";
import { numberOption, sinceOption, stateOption } from "./filters.ts";

export const jobs: Action = async (context, { args, options }) => {
  const limit = numberOption("limit", options.limit, 20, 1000);
  const since = sinceOption(options.since, Date.now());
  const state = stateOption(options.state);
  const session = await context.session({ plugins: false });
  if (args[0] !== undefined) {
    const reply = await callVerb<JobReply>(session, "job", { id: workRef(args[0]) });
    context.output.show(reply.kind, reply, (layout) => jobReplyLines(reply, layout));
    return 0;
  }
  const { plugin, type, cursor } = options;
  const reply = await callVerb<JobsReply>(session, "jobs", { state, plugin, type, since, limit, cursor });
  context.output.show(
    "jobs",
    reply,
    (layout) => {
      const filtered = [state, plugin, type, since, cursor].some((filter) => filter !== undefined);
      if (reply.jobs.length === 0 && filtered) return [" no such jobs"];
      if (reply.jobs.length === 0) return [` no jobs   ${layout.style.dim(`start one: ${layout.prefix}tools`)}`];
      const failed = reply.jobs.find((job) => job.state === "failed")?.number;
      return [
        ...jobTable(reply.jobs, layout),
        ...listFooter(reply.jobs.length, "jobs", reply.next, failed, layout, options),
      ];
    },
    reply.next,
  );
  return 0;
};
