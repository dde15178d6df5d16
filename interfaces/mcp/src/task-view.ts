// A job or batch of the shell, as a task of the protocol sees it.
import {
  isEndedState,
  operationLine,
  type Caller,
  type JobReply,
  type JobView,
  type Operation,
  type RequestView,
} from "@brains/shell";
import { plainText } from "./plain-text.ts";
import { endedResult, type Ending } from "./tool-result.ts";

type Status = "working" | "input_required" | "completed" | "failed" | "cancelled";

/** The wire form: a task, and what belongs to its status. */
export interface TaskView {
  readonly taskId: string;
  readonly status: Status;
  readonly statusMessage: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** Null: the queue forgets ended work by its own retention, and work that has not ended never. */
  readonly ttlMs: null;
  readonly pollIntervalMs: number;
  readonly inputRequests?: Readonly<Record<string, unknown>>;
  readonly result?: object;
  readonly error?: { readonly code: number; readonly message: string; readonly data: unknown };
}

export type Work = Extract<JobReply, { kind: "job" | "batch" }>;

/** Ends in which the job said nothing itself: something around it failed. */
const NOT_ITS_OWN: ReadonlySet<string | undefined> = new Set(["crashed", "stalled", "interrupted", "invalid_data"]);
const INTERNAL_ERROR = -32603;
const SOONEST = 500;
const LATEST = 30_000;
const FOR_A_PERSON = 15_000;
const MAX_MESSAGE = 500;

/** What a task says whatever its status is. */
export function taskBase(taskId: string, work: Work): Omit<TaskView, "status"> {
  const { operation } = work;
  return {
    taskId,
    statusMessage: messageOf(work),
    createdAt: operation.times.createdAt,
    lastUpdatedAt: changedAt(work),
    ttlMs: null,
    pollIntervalMs: pollInterval(operation),
  };
}

/** How the present run stands. `waiting`: its jobs that wait for input, by the key under which they are asked. */
export function taskView(taskId: string, work: Work, waiting: ReadonlyMap<string, JobView>): TaskView {
  const { operation } = work;
  const base = taskBase(taskId, work);
  const { status, reason } = operation;
  if (status === "cancelled") return { ...base, status };
  if (status === "failed" && NOT_ITS_OWN.has(reason)) {
    const message = plainText(operation.error ?? `The work ended: ${reason}.`);
    const data = { reason, number: operation.number };
    return { ...base, status, error: { code: INTERNAL_ERROR, message, data } };
  }
  // What a tool reports as its failure is its result; `failed` is kept for what went wrong around it.
  if (isEndedState(status)) return { ...base, status: "completed", result: resultOf(work) };
  if (waiting.size === 0) return { ...base, status: "working" };
  const inputRequests = Object.fromEntries([...waiting].map(([key, job]) => [key, inputRequest(job)]));
  return { ...base, status: "input_required", inputRequests };
}

/** A run that another one has followed. Its result went with it. */
export function earlierRun(taskId: string, work: Work, run: number): TaskView {
  const { operation } = work;
  const ended = work.kind === "job" ? work.runs.find((one) => one.run === run) : undefined;
  const how = ended === undefined ? "It ended" : `It ended ${ended.state}`;
  const text = `${how}, and was started again: run ${operation.run} of #${operation.number} is the present one.`;
  const base = { ...taskBase(taskId, work), statusMessage: text, pollIntervalMs: LATEST };
  if (ended?.state === "cancelled") return { ...base, status: "cancelled" };
  const isError = ended?.state !== "completed";
  return {
    ...base,
    status: "completed",
    result: { resultType: "complete", content: [{ type: "text", text }], isError },
  };
}

/** True if the caller may have the work's result: the shell withholds it from others than who started it, unless their role is high enough. */
export function isOpenTo(work: Work, caller: Caller): boolean {
  const job = work.kind === "job" ? work.job : work.jobs[0];
  if (job !== undefined) return job.withheld !== true;
  return work.operation.origin?.principal === caller.principal;
}

function resultOf(work: Work): object {
  const { id, number, label, status: state, reason, error } = work.operation;
  const queued = { ...(work.kind === "job" ? { jobId: id } : { batchId: id }), number, label, message: "" };
  const ending: Ending =
    work.kind === "job"
      ? { state, reason, result: work.job.result, error: work.job.error }
      : { state, error: error === undefined ? undefined : { message: error }, batch: work.batch };
  return { resultType: "complete", ...endedResult(queued, ending) };
}

function messageOf(work: Work): string {
  const { operation } = work;
  const line = operationLine(operation, nowOf(operation));
  const asked = work.kind === "job" ? work.requests.find(({ state }) => state === "open") : undefined;
  return plainText([line, ...decisionText(operation, asked)].join(". ")).slice(0, MAX_MESSAGE);
}

/** Where a person decides, since nobody can here. */
function decisionText({ requests }: Operation, asked: RequestView | undefined): string[] {
  const number = requests[0];
  if (number === undefined) return [];
  const question = asked === undefined ? "" : ` “${asked.question}”`;
  return [`A person has to decide${question}, in a terminal: brains approve ${number}, or brains reject ${number}`];
}

function pollInterval(operation: Operation): number {
  const { estimatedCompletion, elapsed = 0 } = operation.times;
  if (operation.requests.length > 0) return FOR_A_PERSON;
  const left = estimatedCompletion === undefined ? elapsed / 5 : Date.parse(estimatedCompletion) - nowOf(operation);
  return Math.round(Math.min(LATEST, Math.max(SOONEST, left)));
}

/** The moment of this answer by the shell's clock. */
function nowOf({ times: { startedAt, elapsed = 0, endedAt } }: Operation): number {
  if (startedAt === undefined || endedAt !== undefined) return Date.now();
  return Date.parse(startedAt) + elapsed;
}

function changedAt(work: Work): string {
  const { createdAt, startedAt, endedAt } = work.operation.times;
  const said = work.kind === "job" ? work.job.progress?.at : undefined;
  return (
    [createdAt, startedAt, said, endedAt]
      .filter((at) => at !== undefined)
      .toSorted()
      .at(-1) ?? createdAt
  );
}

function inputRequest({ number, label, type }: JobView): object {
  const message = plainText(`#${number} ${label ?? type} waits for input.`);
  const text = { type: "string", title: "Text", description: "Is sent as a line." };
  const eof = { type: "boolean", title: "End of input", description: "Nothing follows." };
  const requestedSchema = { type: "object", properties: { text, eof }, required: ["text"] };
  return { method: "elicitation/create", params: { mode: "form", message, requestedSchema } };
}
