import type { SchedulesReply } from "@brains/shell";
import { callVerb } from "../call.ts";
import type { Action } from "../command.ts";
import { scheduleLines, scheduleTable } from "../render/schedules.ts";
import { numberOption } from "./filters.ts";

export const schedules: Action = async (context, { args, options }) => {
  const next = options.next === undefined ? undefined : numberOption("next", options.next, 1, 1000);
  const session = await context.session({ plugins: false });
  const reply = await callVerb<SchedulesReply>(session, "schedules", { name: args[0], next });
  const [only] = reply.schedules;
  context.output.show("schedules", reply, (layout) => {
    if (only === undefined) return [" no schedules"];
    return args[0] === undefined ? scheduleTable(reply.schedules, layout) : scheduleLines(only, layout);
  });
  return 0;
};
