import type { BatchesReply, JobsReply, StatusReply } from "@brains/shell";
import type { Resource } from "@modelcontextprotocol/server";
import { plainText } from "../plain-text.ts";
import type { ShellData } from "../shell-data.ts";
import { batchUri, jobUri } from "./work-uri.ts";

const RECENT = 100;

/** Numbers of the newest jobs that begin as what was typed so far. */
export async function recentJobs(data: ShellData, typed: string, filter: object = {}): Promise<string[]> {
  const { jobs } = await data<JobsReply>("jobs", { limit: RECENT, ...filter });
  return jobs.map(({ number }) => String(number)).filter((number) => number.startsWith(typed));
}

export async function recentBatches(data: ShellData, typed: string): Promise<string[]> {
  const { batches } = await data<BatchesReply>("batches", { limit: RECENT });
  return batches.map(({ number }) => String(number)).filter((number) => number.startsWith(typed));
}

/** What is active, and what ended in the last ten minutes. */
export async function presentWork(data: ShellData): Promise<Record<"job" | "batch", Resource[]>> {
  const { operations } = await data<StatusReply>("status");
  const listed = operations.map(({ kind, number, label, status, progress }) => ({
    kind,
    uri: kind === "job" ? jobUri(number) : batchUri(number),
    name: `#${number}`,
    title: plainText(`#${number} ${label}`),
    description: plainText(progress === undefined ? status : `${status}, ${progress}`),
    mimeType: "application/json",
  }));
  const of = (wanted: "job" | "batch") =>
    listed.filter(({ kind }) => kind === wanted).map(({ kind: _, ...resource }) => resource);
  return { job: of("job"), batch: of("batch") };
}
