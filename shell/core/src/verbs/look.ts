// Verbs that show: job, jobs, batches, requests.
import type { Page } from "@brains/job-queue";
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import type { BatchesReply, JobReply, JobsReply, RequestsReply } from "../replies.ts";
import { BATCH_STATES, JOB_STATES } from "../states.ts";
import { operationLine, requestLine } from "../status-words.ts";
import type { Call, Tool } from "../tool-table.ts";
import { markRead } from "../unread.ts";
import { batchView, iso, isoIf, jobSummary, jobView, requestView } from "../views.ts";
import { Operations, batchOf } from "./operations-of.ts";
import { find, jobOf, limitSchema, refSchema, verbTool } from "./verb.ts";
import type { Found, VerbPorts } from "./verb.ts";

const MEMBERS = 200;

export function lookVerbs(ports: VerbPorts): Tool[] {
  return [jobVerb(ports), jobsVerb(ports), batchesVerb(ports), requestsVerb(ports)];
}

function jobVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "job",
    title: "One job in full",
    description:
      "Everything about one job (input, result, error, steps, runs), batch (its jobs) or request, alive or ended.",
    input: z.object({ id: refSchema }),
    role: "viewer",
    readOnly: true,
    async run({ id }, call) {
      const data = await jobReply(ports, await find(ports.queue, id), call);
      if (data.kind === "job" && data.job.withheld !== true) await markRead(ports.queue, call.caller, data.job);
      if (data.kind === "batch") await markRead(ports.queue, call.caller, { ...data.batch, state: data.batch.status });
      return { data, text: jobText(data, ports.now()) };
    },
  });
}

async function jobReply(ports: VerbPorts, found: Found, call: Call): Promise<JobReply> {
  const { queue } = ports;
  const operations = new Operations(ports);
  const view = async (ref: string) => {
    const job = await queue.service.getStatus(ref);
    return job === null ? undefined : jobView(job, call.caller, ports.handlers());
  };
  if (found.kind === "request") {
    const request = await queue.requests.get(found.id);
    if (request === null) throw new BrainsError("NOT_FOUND", `Request #${found.number} is gone.`);
    return { kind: "request", request: requestView(request, ports.now(), call.caller), job: await view(request.jobId) };
  }
  if (found.kind === "batch") {
    const batch = await batchOf(ports, found);
    const members = await queue.service.list({ batch: found.id, limit: MEMBERS });
    return {
      kind: "batch",
      operation: await operations.ofBatch(batch),
      batch: batchView(batch, ports.now()),
      jobs: members.items.map((job) => jobSummary(job, call.caller, ports.handlers())),
      next: members.next,
    };
  }
  const job = await jobOf(queue, found);
  const [operation, steps, runs, requests] = await Promise.all([
    operations.ofJob(job),
    queue.service.steps(job.id),
    // The first run has none before it; clients that poll ask this often.
    job.run === 1 ? [] : queue.service.runs(job.id),
    queue.requests.list({ job: job.id }),
  ]);
  return {
    kind: "job",
    operation,
    job: jobView(job, call.caller, ports.handlers()),
    steps: steps.map((step) => ({ ...step, at: iso(step.at) })),
    runs: runs.map((run) => ({ ...run, startedAt: isoIf(run.startedAt), endedAt: isoIf(run.endedAt) })),
    requests: requests.map((request) => requestView(request, ports.now(), call.caller)),
  };
}

function jobText(reply: JobReply, now: number): string {
  if (reply.kind === "request") return requestLine(reply.request);
  const line = operationLine(reply.operation, now);
  if (reply.kind === "batch") {
    return [line, ...reply.jobs.map((job) => `  #${job.number} ${job.label ?? job.type}: ${job.state}`)].join("\n");
  }
  const { job, steps, runs, requests } = reply;
  return [
    line,
    ...(job.withheld === true ? ["  input and result: shown to whoever started it"] : [`  input: ${json(job.data)}`]),
    ...(job.result === undefined ? [] : [`  result: ${json(job.result)}`]),
    ...steps.map((step) => `  step done: ${step.name}`),
    ...(runs.length > 1 ? [`  runs: ${runs.map((run) => `${run.run} ${run.state}`).join(", ")}`] : []),
    ...requests.map((request) => `  ${requestLine(request)}`),
  ].join("\n");
}

function jobsVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "jobs",
    title: "List jobs",
    description: "Jobs, newest first, one page at a time; also those that ended long ago.",
    input: z.object({
      state: z.union([z.enum(JOB_STATES), z.array(z.enum(JOB_STATES))]).optional(),
      plugin: z.string().optional(),
      type: z.string().optional(),
      batch: refSchema.optional().describe("Only members of this batch"),
      conversation: z.string().optional(),
      since: z.iso.datetime({ offset: true }).optional().describe("Only jobs made at or after this ISO time"),
      limit: limitSchema.default(50),
      cursor: z.string().optional().describe("The `next` of the page before"),
    }),
    role: "viewer",
    readOnly: true,
    async run({ since, ...filter }, call) {
      const page = await ports.queue.service.list({
        ...filter,
        since: since === undefined ? undefined : Date.parse(since),
      });
      const operations = new Operations(ports);
      const lines = await Promise.all(
        page.items.map(async (job) => operationLine(await operations.ofJob(job), ports.now())),
      );
      const data: JobsReply = {
        jobs: page.items.map((job) => jobSummary(job, call.caller, ports.handlers())),
        next: page.next,
      };
      return { data, text: listText(lines, page, "jobs") };
    },
  });
}

function batchesVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "batches",
    title: "List batches",
    description: "Batches, newest first, with their counts; with an id, that batch alone.",
    input: z.object({
      id: refSchema.optional(),
      status: z.enum(BATCH_STATES).optional(),
      plugin: z.string().optional(),
      limit: limitSchema.default(50),
      cursor: z.string().optional(),
    }),
    role: "viewer",
    readOnly: true,
    async run({ id, ...filter }) {
      const page =
        id === undefined
          ? await ports.queue.batches.list(filter)
          : { items: [await batchOf(ports, await onlyBatch(ports, id))] };
      const operations = new Operations(ports);
      const lines = await Promise.all(
        page.items.map(async (batch) => operationLine(await operations.ofBatch(batch), ports.now())),
      );
      const data: BatchesReply = { batches: page.items.map((batch) => batchView(batch, ports.now())), next: page.next };
      return { data, text: listText(lines, page, "batches") };
    },
  });
}

function requestsVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "requests",
    title: "Open requests",
    description: "Questions that jobs wait on, for a person to answer. Models cannot answer them.",
    input: z.object({ all: z.boolean().default(false).describe("Also those that were decided or have expired") }),
    role: "viewer",
    readOnly: true,
    async run({ all }, call) {
      const requests = await ports.queue.requests.list(all ? {} : { open: true });
      const data: RequestsReply = {
        requests: requests.map((request) => requestView(request, ports.now(), call.caller)),
      };
      return { data, text: data.requests.map(requestLine).join("\n") || "Nothing waits for a decision." };
    },
  });
}

async function onlyBatch(ports: VerbPorts, id: string | number): Promise<Found> {
  const found = await find(ports.queue, id);
  if (found.kind === "batch") return found;
  throw new BrainsError("INVALID_INPUT", `#${found.number} is a ${found.kind}, not a batch.`);
}

function listText(lines: readonly string[], page: Page<unknown>, noun: string): string {
  if (lines.length === 0) return `No ${noun}.`;
  return [...lines, ...(page.next === undefined ? [] : [`More: pass cursor ${page.next}`])].join("\n");
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
