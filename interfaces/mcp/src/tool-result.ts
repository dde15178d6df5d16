import type { BatchInfo, JobInfo, Outcome, QueuedReply, ToolReply } from "@brains/shell";
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";
import { plainJson, plainText } from "./plain-text.ts";
import { batchUri, outputUri } from "./resources/work-uri.ts";
import { wireName } from "./wire-names.ts";

/** Characters of JSON that are not repeated beside a text which says the same: some clients give a model everything that is there. */
const LONG = 16_000;

/** What the answer says besides the tool's own words. */
export interface ReplyNotes {
  /** Set when the caller asked to wait longer than is allowed: what it was shortened to, in seconds. */
  readonly waitCappedTo?: number | undefined;
  /** A trouble that does not undo the call, e.g. that no worker could be started. */
  readonly warning?: string | undefined;
  /** False for a client of a revision that has no links to resources. */
  readonly links?: boolean | undefined;
}

/** The reply of the shell as the answer of a tool call: the same facts typed and as text. */
export function toolResult(reply: ToolReply, notes: ReplyNotes = {}): CallToolResult {
  if (reply.kind === "data") {
    const { data, text = typeof data === "string" ? data : undefined } = reply;
    return answer(withNotes(data, notes), text, false);
  }
  if (reply.kind === "queued") {
    const { queued, waited } = reply;
    const { tip, next } = queued;
    const words = { tip: inWireNames(tip), ...(next && { next: { ...next, reason: inWireNames(next.reason) } }) };
    const stillRunning = waited === undefined ? {} : { waited, timedOut: true };
    const said = answer(withNotes({ ...queued, ...words, ...stillRunning }, notes), undefined, false);
    return notes.links === false ? said : { ...said, content: [...said.content, workLink(queued)] };
  }
  return endedResult(reply.queued, reply.outcome, notes);
}

/** Where a job's output is read, also while it grows; of a batch, how it stands. */
function workLink({ jobId, number, label }: QueuedReply): ContentBlock {
  const [uri, what, mimeType] =
    jobId === undefined
      ? [batchUri(number), "Batch", "application/json"]
      : [outputUri(number), "Output of", "text/plain"];
  return { type: "resource_link", uri, name: `${what} #${number}`, description: plainText(label), mimeType };
}

/** How work ended, as far as an answer tells it. */
export type Ending = Omit<Outcome, "job" | "batch"> & {
  readonly job?: Pick<JobInfo, "request"> | undefined;
  readonly batch?:
    | Pick<BatchInfo, "totalOperations" | "completedOperations" | "failedOperations" | "errors">
    | undefined;
};

/** The result of work that has ended, or that now waits for a person. */
export function endedResult(
  queued: Partial<QueuedReply> & Pick<QueuedReply, "number" | "label">,
  { state, reason, result, output, error, job, batch, next }: Ending,
  notes: ReplyNotes = {},
): CallToolResult {
  const ended = {
    ...queued,
    tip: undefined,
    status: state,
    message: `${queued.label}: ${state}${reason ? ` (${reason})` : ""}${error ? `. ${error.message}` : ""}`,
    reason,
    // A job that waits for a person: the number that they answer.
    request: job?.request,
    next,
    result,
    output,
    error: error && { message: error.message, code: error.code, data: error.data },
    errors: batch && batch.errors.length > 0 ? batch.errors : undefined,
    totalOperations: batch?.totalOperations,
    completedOperations: batch?.completedOperations,
    failedOperations: batch?.failedOperations,
  };
  return answer(withNotes(ended, notes), undefined, state === "failed" || state === "cancelled");
}

/** Any error as a tool error: code first, then what happened and what to do. Without typed content, which clients check against the output schema. */
export function errorResult(error: unknown): CallToolResult {
  const coded = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  return { content: [{ type: "text", text: plainText(`${coded}: ${message}`) }], isError: true };
}

/** The shell speaks of its verbs as people know them; a model knows them by their names here. */
function inWireNames(text: string): string {
  return text.replaceAll(/\bshell:[a-z-]+/g, wireName);
}

function withNotes(data: unknown, notes: ReplyNotes): Record<string, unknown> {
  const { waitCappedTo, warning } = notes;
  const object = typeof data === "object" && data !== null && !Array.isArray(data) ? data : { result: data };
  return {
    ...object,
    ...(waitCappedTo !== undefined && {
      waitCapped: waitCappedTo,
      note: `A call waits at most ${waitCappedTo} s; use shell_wait to wait on.`,
    }),
    ...(warning !== undefined && { warning }),
  };
}

function answer(data: Record<string, unknown>, text: string | undefined, isError: boolean): CallToolResult {
  const structuredContent = plainJson(data) as Record<string, unknown>;
  const json = JSON.stringify(structuredContent);
  const parts = text === undefined ? [json] : [plainText(text), ...(json.length > LONG ? [] : [json])];
  return {
    content: parts.map((part) => ({ type: "text", text: part })),
    structuredContent,
    ...(isError && { isError }),
  };
}
