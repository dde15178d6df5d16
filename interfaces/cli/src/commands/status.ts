import type { JobReply, StatusReply } from "@brains/shell";
import { callVerb, workRef } from "../call.ts";
import type { Action } from "../command.ts";
import { stateOption } from "./filters.ts";
import { jobReplyLines } from "../render/job.ts";
import { statusLines } from "../render/status.ts";

export const status: Action = async (context, { args, options }) => {
  const state = stateOption(options.state);
  const session = await context.session({ plugins: false });
  if (args[0] !== undefined) {
    const reply = await callVerb<JobReply>(session, "job", { id: workRef(args[0]) });
    context.output.show(reply.kind, reply, (layout) => jobReplyLines(reply, layout));
    return 0;
  }
  const { plugin, type } = options;
  const reply = await callVerb<StatusReply>(session, "status", { plugin, type, state });
  context.output.show(
    "status",
    { brain: session.brain, ...reply },
    (layout) => statusLines({ status: reply, brain: session.brain }, layout),
    reply.cursor,
  );
  return 0;
};
