import type { StatusReply } from "@brains/shell";
import { printable } from "../text/printable.ts";
import { clockTime } from "../text/time.ts";
import { truncate } from "../text/width.ts";
import type { Layout } from "./layout.ts";
import { isActive, operationTable } from "./operations.ts";
import { requestLine } from "./requests.ts";

export interface StatusScreen {
  readonly status: StatusReply;
  readonly brain?: { readonly name: string; readonly home: string } | undefined;
}

function workersText(workers: StatusReply["workers"]): string {
  if (workers.length === 0) return "no worker (one starts when there is work)";
  return workers
    .map((worker) => {
      const state = worker.answering ? (worker.state === "running" ? "" : ` ${worker.state}`) : " not answering";
      return `worker ${worker.pid}${state}`;
    })
    .join(", ");
}

function pauseLine({ name, kind, since, by }: StatusReply["paused"][number], { style, prefix, now }: Layout): string {
  const facts = [since && clockTime(Date.parse(since), now), by && `by ${printable(by)}`].filter(Boolean).join(" ");
  const what = `${kind === "schedule" ? "schedule " : ""}${printable(name)}`;
  return ` ${style.yellow("paused")} ${what}  ${style.dim(`${facts === "" ? "" : `${facts}  `}${prefix}unpause ${printable(name)}`)}`;
}

/** `status` without an id: who works, what needs a person, what runs, what ended lately. */
export function statusLines({ status, brain }: StatusScreen, layout: Layout): string[] {
  const { style } = layout;
  const head = [
    brain === undefined ? undefined : style.bold(printable(brain.name)),
    style.dim(workersText(status.workers)),
  ];
  const active = status.operations.filter(isActive);
  const ended = status.operations.filter((operation) => !isActive(operation));
  const lines = [
    ` ${head.filter((part) => part !== undefined).join("   ")}`,
    ` ${truncate(printable(status.message), layout.width - 1)}`,
  ];
  for (const held of status.paused) lines.push(pauseLine(held, layout));
  if (status.requests.length > 0) {
    lines.push("", ` ${style.yellow("Needs you")}`);
    for (const request of status.requests) lines.push(requestLine(request, layout));
  }
  if (active.length > 0) lines.push("", ` ${style.bold("Active")}`, ...operationTable(active, layout));
  if (ended.length > 0) lines.push("", ` ${style.bold("Ended lately")}`, ...operationTable(ended, layout));
  if (status.more) lines.push(` ${style.dim(`There is more: ${layout.prefix}jobs`)}`);
  return lines;
}
