import type { ScheduleInfo } from "@brains/job-queue";
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import { didYouMean } from "@brains/plugin/nearest";
import { pluginOfOwner } from "../plugin-schedules.ts";
import type { ScheduleView, SchedulesReply } from "../replies.ts";
import type { Tool } from "../tool-table.ts";
import { isoIf } from "../views.ts";
import { count, relativeTime } from "../wording.ts";
import { verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

const LISTED = 1;
const SHOWN = 5;

export function schedulesVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "schedules",
    title: "Schedules",
    description:
      "What is enqueued again and again: when, the next times, and the last job. With a name, that schedule with more of its next times.",
    input: z.object({
      name: z.string().trim().min(1).max(200).optional(),
      next: z.number().int().min(0).max(1000).optional().describe("How many of the next times to list"),
    }),
    role: "viewer",
    readOnly: true,
    async run({ name, next = name === undefined ? LISTED : SHOWN }) {
      const all = await ports.queue.schedules.list();
      const wanted = name === undefined ? all : [one(all, name)];
      const schedules = await Promise.all(wanted.map((schedule) => view(ports, schedule, next)));
      const data: SchedulesReply = { schedules };
      return { data, text: schedules.map(line).join("\n") || "There are no schedules." };
    },
  });
}

function one(all: readonly ScheduleInfo[], name: string): ScheduleInfo {
  const bare = all.filter((schedule) => schedule.name.endsWith(`:${name}`));
  const found = all.find((schedule) => schedule.name === name) ?? (bare.length === 1 ? bare[0] : undefined);
  if (found !== undefined) return found;
  if (bare.length > 1)
    throw new BrainsError("NOT_FOUND", `"${name}" could be ${bare.map((each) => each.name).join(" or ")}.`);
  const names = all.flatMap((schedule) => [schedule.name, schedule.name.slice(schedule.name.indexOf(":") + 1)]);
  throw new BrainsError("NOT_FOUND", `There is no schedule "${name}".${didYouMean(name, names)}`);
}

async function view({ queue, now }: VerbPorts, schedule: ScheduleInfo, times: number): Promise<ScheduleView> {
  const { name, owner, cron, timezone, every, job, label, missed, overlap, paused, nextAt, lastAt, lastJob } = schedule;
  return {
    name,
    plugin: pluginOfOwner(owner),
    cron,
    timezone,
    every,
    when: every === undefined ? `${cron} (${timezone})` : everyText(every),
    job,
    label,
    missed,
    overlap,
    paused,
    next: (await queue.schedules.nextRuns(name, times)).map((at) => new Date(at).toISOString()),
    nextIn: nextAt === undefined ? undefined : relativeTime(nextAt, now()),
    lastAt: isoIf(lastAt),
    lastJob,
  };
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** Exact, in the largest unit that divides it: `every 90 minutes`, `every hour`. */
function everyText(ms: number): string {
  const [unit, size] = UNITS.find((each) => ms % each[1] === 0) ?? ["millisecond", 1];
  return ms === size ? `every ${unit}` : `every ${count(ms / size, unit)}`;
}

function line(schedule: ScheduleView): string {
  const { name, when, job, paused, next, nextIn, lastJob } = schedule;
  const coming = paused ? "paused" : nextIn === undefined ? "never again" : `next ${nextIn} (${next.join(", ")})`;
  return `${name}: ${when}, enqueues ${job}, ${coming}${lastJob === undefined ? "" : `, last #${lastJob}`}`;
}
