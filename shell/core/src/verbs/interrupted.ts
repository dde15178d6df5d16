// What was running when a worker died and does not run again by itself. Each person is told once per interface, and decides: look, retry, delete, or keep.
import type { JobInfo } from "@brains/job-queue/handler";
import type { Caller } from "@brains/plugin";
import { z } from "zod";
import { operationLine } from "../status-words.ts";
import type { InterruptedReply } from "../replies.ts";
import type { Tool } from "../tool-table.ts";
import { Operations } from "./operations-of.ts";
import { verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

const SPACE = "shell";
/** More than anybody answers one by one; the rest are in the list of failed jobs. */
const MOST = 100;

/** Ended up to here, the newest of them included. */
interface Mark {
  readonly at: number;
  readonly numbers: readonly number[];
}

export function interruptedVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "interrupted",
    title: "Interrupted work",
    description:
      "Jobs that a dead worker left unfinished and that do not run again by themselves: a command is not repeated unless a person wants it. They stay as they are until they are retried or deleted.",
    input: z.object({
      seen: z.boolean().default(false).describe("This caller has seen them: they are not reported again"),
    }),
    role: "viewer",
    audience: "person",
    readOnly: false,
    idempotent: true,
    async run({ seen }, call) {
      const key = markKey(call.caller);
      const mark = await ports.queue.kv.get<Mark>(SPACE, key);
      const jobs = await interruptedSince(ports, mark);
      if (seen && jobs.length > 0) await ports.queue.kv.set(SPACE, key, markAfter(jobs, mark));
      const operations = new Operations(ports);
      const views = await Promise.all(jobs.map((job) => operations.ofJob(job)));
      const data: InterruptedReply = { operations: views };
      const text = views.map((one) => operationLine(one, ports.now())).join("\n") || "Nothing was interrupted.";
      return { data, text };
    },
  });
}

const markKey = ({ interface: place, principal }: Caller): string => `interrupted:${place}:${principal}`.slice(0, 500);

async function interruptedSince({ queue }: VerbPorts, mark: Mark | undefined): Promise<JobInfo[]> {
  const filter = { state: "failed", endedSince: mark?.at, limit: MOST } as const;
  const [interrupted, crashed] = await Promise.all([
    queue.service.list({ ...filter, reason: "interrupted" }),
    queue.service.list({ ...filter, reason: "crashed" }),
  ]);
  return [...interrupted.items, ...crashed.items]
    .filter((job) => !mark?.numbers.includes(job.number) || (job.endedAt ?? 0) > mark.at)
    .toSorted((a, b) => a.number - b.number);
}

/** Several may end within one millisecond, before and after a look. */
function markAfter(jobs: readonly JobInfo[], before: Mark | undefined): Mark {
  const at = Math.max(...jobs.map((job) => job.endedAt ?? 0));
  const now = jobs.filter((job) => job.endedAt === at).map((job) => job.number);
  return { at, numbers: before?.at === at ? [...before.numbers, ...now] : now };
}
