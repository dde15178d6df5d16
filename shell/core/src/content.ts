// What callers may not see is taken out here, on its way to them.
import type { JobEvent, JobInfo, QueueEvent } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import { seesContent } from "./rights.ts";

/** The job without what went in and came out, unless the caller may see that. */
function visibleJob(job: JobInfo, caller: Caller): JobInfo {
  if (seesContent(caller, job.origin)) return job;
  return { ...job, data: undefined, result: undefined, origin: job.origin && { ...job.origin, reply: undefined } };
}

export function visibleEvent(event: QueueEvent, caller: Caller): QueueEvent {
  return event.kind === "job" ? ({ ...event, job: visibleJob(event.job, caller) } satisfies JobEvent) : event;
}
