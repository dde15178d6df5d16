import type { BatchesReply, JobReply } from "@brains/shell";
import { callVerb, workRef } from "../call.ts";
import type { Action } from "../command.ts";
import { jobReplyLines } from "../render/job.ts";
import { batchTable, listFooter } from "../render/jobs.ts";
import { numberOption, stateOption } from "./filters.ts";

export const batches: Action = async (context, { args, options }) => {
  const limit = numberOption("limit", options.limit, 20, 1000);
  const status = stateOption(options.state);
  const session = await context.session({ plugins: false });
  if (args[0] !== undefined) {
    const reply = await callVerb<JobReply>(session, "job", { id: workRef(args[0]) });
    context.output.show(reply.kind, reply, (layout) => jobReplyLines(reply, layout));
    return 0;
  }
  const { plugin, cursor } = options;
  const reply = await callVerb<BatchesReply>(session, "batches", { status, plugin, limit, cursor });
  context.output.show(
    "batches",
    reply,
    (layout) => {
      if (reply.batches.length === 0) return [" no batches"];
      const failed = reply.batches.find((batch) => batch.status === "failed")?.number;
      return [
        ...batchTable(reply.batches, layout),
        ...listFooter(reply.batches.length, "batches", reply.next, failed, layout, options),
      ];
    },
    reply.next,
  );
  return 0;
};
