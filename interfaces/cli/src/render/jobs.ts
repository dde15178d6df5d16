import type { BatchView, JobView } from "@brains/shell";
import { clockTime, duration } from "../text/time.ts";
import type { Layout } from "./layout.ts";
import { nameOf } from "./operations.ts";
import { reasonText, stateCell } from "./state.ts";
import { table } from "./table.ts";

function spent(
  view: { readonly startedAt?: string | undefined; readonly endedAt?: string | undefined },
  now: number,
): string {
  if (view.startedAt === undefined) return "";
  return duration((view.endedAt === undefined ? now : Date.parse(view.endedAt)) - Date.parse(view.startedAt));
}

function startTime(view: { readonly startedAt?: string | undefined }, now: number): string {
  return view.startedAt === undefined ? "" : clockTime(Date.parse(view.startedAt), now);
}

/** Why a job stands as it does, in few words. */
export function jobNote(job: JobView, { now, prefix }: Pick<Layout, "now" | "prefix">): string {
  if (job.state === "failed") return job.error?.message ?? "";
  if (job.state === "cancelled") return job.error?.message ?? reasonText(job);
  if (job.request !== undefined) return `asks: ${prefix}approve ${job.request}`;
  if (job.waitsFor.length > 0) return `waits for ${job.waitsFor.map((number) => `#${number}`).join(", ")}`;
  if (job.handler === false) return "no handler: is its plugin loaded?";
  if (job.worker?.answering === false)
    return `worker ${job.worker.pid} not answering: ${prefix}retry ${job.number} --force`;
  if (job.state === "processing") return job.progress?.message ?? "";
  const due = Date.parse(job.runAt);
  if (job.state === "pending" && due > now) {
    return `${job.attempt > 0 ? `try ${job.attempt + 1}/${job.maxAttempts} ` : ""}in ${duration(due - now)}`;
  }
  return "";
}

export function jobTable(jobs: readonly JobView[], layout: Layout): string[] {
  return table(
    jobs,
    [
      { title: "ID", cell: (job) => `#${job.number}`, align: "right" },
      { title: "STATE", cell: stateCell },
      { title: "TYPE", cell: (job) => job.type, min: 10, drop: 3 },
      { title: "WHAT", cell: (job) => (job.label === job.type ? "" : (job.label ?? "")), min: 10 },
      {
        title: "PROGRESS",
        cell: (job) => (job.state === "completed" ? "" : (job.progress?.text ?? "")),
        min: 8,
        drop: 1,
      },
      { title: "STARTED", cell: (job) => startTime(job, layout.now), align: "right", drop: 5 },
      { title: "TIME", cell: (job) => spent(job, layout.now), align: "right", drop: 2 },
      {
        title: "BATCH",
        cell: (job) => (job.batchNumber === undefined ? "" : `#${job.batchNumber}`),
        align: "right",
        drop: 4,
      },
      {
        title: "NOTE",
        cell: (job) => ({ text: jobNote(job, layout), tone: job.state === "failed" ? "red" : "dim" }),
        min: 8,
      },
    ],
    layout,
  );
}

export function batchTable(batches: readonly BatchView[], layout: Layout): string[] {
  return table(
    batches,
    [
      { title: "ID", cell: (batch) => `#${batch.number}`, align: "right" },
      { title: "STATE", cell: (batch) => stateCell({ state: batch.status }) },
      { title: "WHAT", cell: nameOf, min: 12 },
      { title: "PROGRESS", cell: (batch) => batch.progress.text, min: 8 },
      {
        title: "FAILED",
        cell: (batch) => (batch.failedOperations === 0 ? "" : { text: String(batch.failedOperations), tone: "red" }),
        align: "right",
      },
      { title: "STARTED", cell: (batch) => startTime(batch, layout.now), align: "right", drop: 5 },
      { title: "TIME", cell: (batch) => spent(batch, layout.now), align: "right", drop: 2 },
      {
        title: "NOTE",
        cell: (batch) => ({
          text: batch.errors[0]?.message ?? (batch.status === "processing" ? (batch.currentOperation ?? "") : ""),
          tone: "dim",
        }),
        min: 8,
      },
    ],
    layout,
  );
}

/** The options of a list as they were typed: the next page must be one of the same list. */
function filterText(filters: Readonly<Record<string, unknown>>): string {
  return Object.entries(filters)
    .filter((entry): entry is [string, string] => entry[0] !== "cursor" && typeof entry[1] === "string")
    .map(([name, value]) => ` --${name} ${/^[\w.:-]+$/.test(value) ? value : JSON.stringify(value)}`)
    .join("");
}

/** The line under a list: how many were shown, and how to see more or look closer. `filters` are the list's own options. */
export function listFooter(
  shown: number,
  kind: "jobs" | "batches",
  next: string | undefined,
  failed: number | undefined,
  layout: Layout,
  filters: Readonly<Record<string, unknown>> = {},
): string[] {
  const word = shown === 1 ? kind.replace(/(?:e)?s$/, "") : kind;
  const hints = [
    next === undefined ? "" : `older: ${layout.prefix}${kind}${filterText(filters)} --cursor ${next}`,
    failed === undefined ? "" : `why: ${layout.prefix}jobs ${failed}`,
  ].filter((hint) => hint !== "");
  return [` ${layout.style.dim([`${shown} ${word}`, ...hints].join("   "))}`];
}
