import type { ScheduleView } from "@brains/shell";
import { clockTime } from "../text/time.ts";
import type { Layout } from "./layout.ts";
import { pairs, table } from "./table.ts";

const local = (time: string | undefined, layout: Layout): string =>
  time === undefined ? "" : clockTime(Date.parse(time), layout.now);

function coming(schedule: ScheduleView, layout: Layout): string {
  if (schedule.paused) return "paused";
  const [next] = schedule.next;
  return next === undefined ? (schedule.nextIn ?? "never again") : local(next, layout);
}

const lastJob = ({ lastJob }: ScheduleView): string => (lastJob === undefined ? "" : `#${lastJob}`);

export function scheduleTable(schedules: readonly ScheduleView[], layout: Layout): string[] {
  return table(
    schedules,
    [
      { title: "NAME", cell: (row) => row.name, min: 12 },
      { title: "WHEN", cell: (row) => row.when, min: 12 },
      {
        title: "NEXT",
        cell: (row) => ({ text: coming(row, layout), tone: row.paused ? ("yellow" as const) : undefined }),
      },
      { title: "JOB", cell: (row) => row.job, min: 12, drop: 2 },
      { title: "LAST", cell: lastJob, drop: 1 },
    ],
    layout,
  );
}

/** One schedule in full, with its next times. */
export function scheduleLines(schedule: ScheduleView, layout: Layout): string[] {
  const { name, when, plugin, job, label, missed, overlap, paused, next, nextIn, lastAt } = schedule;
  const times = next.map((time) => local(time, layout));
  const { style, prefix } = layout;
  return [
    ` ${style.bold(name)}   ${paused ? style.yellow("paused") : (nextIn ?? "never again")}`,
    ...pairs(
      [
        ["when", when],
        ["next", times[0]],
        ...times.slice(1).map((time) => ["", time] as const),
        ["job", label === undefined ? job : `${job}  ${label}`],
        ["plugin", plugin],
        ["missed", typeof missed === "object" ? `all, at most ${missed.all}` : missed],
        ["overlap", overlap],
        ["last", [local(lastAt, layout), lastJob(schedule)].filter((part) => part !== "").join("  ")],
      ],
      layout,
    ),
    ` ${style.dim(`${paused ? "unpause" : "pause"}  ${prefix}${paused ? "unpause" : "pause"} ${name}`)}`,
  ];
}
