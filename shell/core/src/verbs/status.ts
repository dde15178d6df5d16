import { isCodedError } from "@brains/job-queue/handler";
import type { BatchFilter, JobFilter } from "@brains/job-queue";
import type { BatchInfo, JobInfo, Origin } from "@brains/job-queue/handler";
import { z } from "zod";
import { JOB_STATES, isEndedState } from "../states.ts";
import type { Operation, RequestView, StatusReply } from "../replies.ts";
import { operationLine, pausesLine, requestLine, statusMessage } from "../status-words.ts";
import type { Call, Tool } from "../tool-table.ts";
import { unreadOf } from "../unread.ts";
import { requestView } from "../views.ts";
import { Operations } from "./operations-of.ts";
import { pausesOf } from "./pause.ts";
import { find, refSchema, verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

const RECENT = 10 * 60_000;
/** Operations in one answer. */
const MOST = 100;
const input = z.object({
  id: refSchema
    .optional()
    .describe(
      "One job, batch or request, alive or ended. Without it: everything active and what ended in the last ten minutes.",
    ),
  plugin: z.string().optional().describe("Only work of this plugin"),
  type: z.string().optional().describe("Only this job type, e.g. site-builder:generate-section"),
  state: z.enum(JOB_STATES).optional().describe("Only this state"),
  conversation: z
    .string()
    .optional()
    .describe(
      "Only work started from this conversation; also what ended earlier, as long as you have not read its result",
    ),
  since: z.string().optional().describe("The cursor of an earlier answer: only what changed since then"),
});
type Wanted = z.output<typeof input>;

export function statusVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "status",
    title: "Status of background work",
    description:
      "Status of all background work, in all plugins: what runs, how far it is, what it does now, when it will be done, what waits for a person, and what ended in the last ten minutes. With an id: that job, batch or request, even if it ended long ago. Ask at most every few seconds; to be told when something ends use shell:wait.",
    input,
    role: "viewer",
    readOnly: true,
    async run(wanted, call) {
      const data = await status(ports, wanted, call);
      const lines = [
        data.message,
        ...data.operations.map((one) => operationLine(one, ports.now())),
        ...data.requests.map(requestLine),
        ...pausesLine(data.paused, ports.now()),
      ];
      return { data, text: lines.join("\n") };
    },
  });
}

async function status(ports: VerbPorts, wanted: Wanted, call: Call): Promise<StatusReply> {
  const { queue } = ports;
  const operations = new Operations(ports);
  // Before the look, so that `since` misses nothing that changes meanwhile.
  const [cursor, workers, paused] = await Promise.all([queue.events.cursor(), queue.workers(), pausesOf(queue)]);
  const found =
    wanted.id === undefined
      ? await search(ports, operations, wanted, call)
      : await one(ports, operations, wanted.id, call);
  const shown = found.operations.slice(0, MOST);
  const expired = found.expired === true ? "That cursor is too old, so this is everything. " : "";
  return {
    message: expired + statusMessage(shown, found.requests, workers.length),
    operations: shown,
    requests: found.requests,
    workers: workers.map(({ pid, state, answering, fingerprint }) => ({ pid, state, answering, fingerprint })),
    paused,
    cursor,
    more: found.more || found.operations.length > MOST,
  };
}

interface Found {
  readonly operations: readonly Operation[];
  readonly requests: readonly RequestView[];
  readonly more: boolean;
  /** `since` was older than what is kept. */
  readonly expired?: boolean | undefined;
}

async function one(ports: VerbPorts, operations: Operations, id: string | number, { caller }: Call): Promise<Found> {
  const { queue } = ports;
  const found = await find(queue, id);
  const request = found.kind === "request" ? await queue.requests.get(found.id) : null;
  const operation = await operations.of(
    request === null ? found : { kind: "job", id: request.jobId, number: request.jobNumber },
  );
  const open = (await operations.openRequests()).filter((open) => operation.requests.includes(open.number));
  const requests = request === null || open.some((one) => one.id === request.id) ? open : [request, ...open];
  return {
    operations: [operation],
    requests: requests.map((one) => requestView(one, ports.now(), caller)),
    more: false,
  };
}

async function search(ports: VerbPorts, operations: Operations, wanted: Wanted, call: Call): Promise<Found> {
  const { conversation } = wanted;
  const unread =
    conversation === undefined ? NOTHING : await unreadOf(ports.queue, call.caller, conversation, ports.now());
  const changed = wanted.since === undefined ? undefined : await changedSince(ports, wanted.since);
  const { jobs, batches, more } = changed ?? (await present(ports, wanted, unread));
  const fits = fitsFilter(wanted);
  const alone = jobs.filter((job) => job.batchId === undefined && fits(job));
  const [jobLines, batchLines, open] = await Promise.all([
    Promise.all(alone.slice(0, MOST + 1).map((job) => operations.ofJob(job))),
    Promise.all(
      batches
        .filter(fits)
        .slice(0, MOST + 1)
        .map((batch) => operations.ofBatch(batch)),
    ),
    operations.openRequests(),
  ]);
  const news = new Set([...unread.jobs.map((job) => job.id), ...unread.batches.map((batch) => batch.batchId)]);
  const requests = open.filter(({ jobType: type, origin }) => fits({ type, plugin: type.split(":")[0], origin }));
  return {
    operations: inOrder([...jobLines, ...batchLines].map((one) => (news.has(one.id) ? { ...one, unread: true } : one))),
    requests: requests.map((request) => requestView(request, ports.now(), call.caller)),
    more,
    expired: wanted.since !== undefined && changed === undefined,
  };
}

interface Work {
  readonly jobs: readonly JobInfo[];
  readonly batches: readonly BatchInfo[];
  readonly more: boolean;
}

const NOTHING = { jobs: [], batches: [] } as const;

/** Everything active, what ended in the last ten minutes, and what is news to the caller. */
async function present(
  ports: VerbPorts,
  { plugin, conversation, type, state }: Wanted,
  unread: Pick<Work, "jobs" | "batches">,
): Promise<Work> {
  const common = { plugin, conversation };
  const endedSince = ports.now() - RECENT;
  const jobs = [
    await standingAlone(ports, { ...common, type, active: true }),
    await standingAlone(ports, { ...common, type, endedSince, ...(state === undefined ? {} : { state }) }),
  ];
  const batches = await Promise.all([
    batchPage(ports, { ...common, active: true }),
    batchPage(ports, { ...common, endedSince }),
  ]);
  return {
    jobs: unique([...jobs.flatMap((page) => page.items), ...unread.jobs], (job) => job.id),
    batches: unique([...batches.flatMap((page) => page.items), ...unread.batches], (batch) => batch.batchId),
    more: jobs.some((page) => page.next !== undefined) || batches.some((page) => page.next !== undefined),
  };
}

async function batchPage({ queue }: VerbPorts, filter: BatchFilter) {
  return queue.batches.list({ ...filter, limit: MOST });
}

/** Members of batches stand in their batch's line. */
async function standingAlone({ queue }: VerbPorts, filter: JobFilter) {
  return queue.service.list({ ...filter, batch: null, limit: MOST });
}

/** Undefined where the cursor is too old to tell: then everything present is shown. */
async function changedSince({ queue }: VerbPorts, since: string): Promise<Work | undefined> {
  const jobs = new Map<string, JobInfo>();
  const batches = new Map<string, BatchInfo>();
  try {
    let after = since;
    for (let page = 0; page < 20; page++) {
      const { events, cursor } = await queue.events.read({ after, limit: 1000 });
      for (const event of events) {
        if (event.kind === "job") jobs.set(event.job.id, event.job);
        else batches.set(event.batch.batchId, event.batch);
      }
      if (events.length === 0 || cursor === after)
        return { jobs: [...jobs.values()], batches: [...batches.values()], more: false };
      after = cursor;
    }
    return { jobs: [...jobs.values()], batches: [...batches.values()], more: true };
  } catch (error) {
    if (isCodedError(error) && error.code === "CURSOR_EXPIRED") return undefined;
    throw error;
  }
}

interface Filtered {
  readonly plugin?: string | undefined;
  readonly type?: string | undefined;
  readonly state?: string | undefined;
  readonly status?: string | undefined;
  readonly origin?: Origin | undefined;
}

function fitsFilter({ plugin, type, state, conversation }: Wanted) {
  return (work: Filtered): boolean => {
    const itsState = work.state ?? work.status;
    return (
      (plugin === undefined || work.plugin === plugin) &&
      (type === undefined || work.type === type) &&
      (state === undefined || itsState === undefined || itsState === state) &&
      (conversation === undefined || work.origin?.conversation === conversation)
    );
  };
}

/** Active ones first, oldest first; then what ended, newest first. */
function inOrder(operations: readonly Operation[]): Operation[] {
  const active = operations.filter((one) => !isEndedState(one.status)).sort((a, b) => a.number - b.number);
  const ended = operations
    .filter((one) => isEndedState(one.status))
    .sort((a, b) => ((a.times.endedAt ?? "") < (b.times.endedAt ?? "") ? 1 : -1));
  return [...active, ...ended];
}

function unique<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()];
}
