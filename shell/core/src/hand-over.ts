// What a caller gets whose patience ended before the work did: its output so far, and when to look again.
import type { Caller } from "@brains/plugin";
import { stripTerminal } from "@brains/process";
import type { QueuedReply } from "./contract.ts";
import { nextLook } from "./next-look.ts";
import type { LogsReply } from "./replies.ts";
import { originOf } from "./rights.ts";
import { newScope } from "./scope.ts";
import type { Environment } from "./scope.ts";
import { isEndedState } from "./states.ts";
import { settledOf } from "./views.ts";
import type { Work } from "./waiting.ts";

/** Of output in an answer. */
const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 500;
/** Lines by which a program tells the shell something, as @brains/process reads them. */
const STATEMENT = /^::brains /;

export async function handOver(
  env: Environment,
  { kind, id }: Work,
  caller: Caller,
): Promise<Pick<QueuedReply, "output" | "next">> {
  const { service, batches } = env.queue;
  if (kind === "batch") {
    const batch = await batches.getBatchStatus(id);
    if (batch === null || isEndedState(batch.status)) return {};
    const { status: state, startedAt, totalOperations, open } = batch;
    const total = open ? undefined : totalOperations;
    return { next: nextLook({ state, startedAt, current: settledOf(batch), total }, env.now()) };
  }
  const job = await service.getStatus(id);
  if (job === null) return {};
  const output = await outputTail(env, id, caller);
  const soFar = output === undefined ? {} : { output };
  if (isEndedState(job.state)) return soFar;
  const history = await service.durations(job.type);
  const { state, type, startedAt, progress, waitingFor } = job;
  const { current, total } = progress ?? {};
  return { ...soFar, next: nextLook({ state, type, startedAt, current, total, waitingFor, history }, env.now()) };
}

/** The end of what programs of a job have written, without what steers a terminal; undefined where none wrote anything. */
export async function outputTail(env: Environment, id: string, caller: Caller): Promise<string | undefined> {
  const scope = newScope(caller, originOf(caller));
  let log: LogsReply;
  try {
    log = (await env.callTool("shell:logs", { id, tail: TAIL_LINES }, scope)) as LogsReply;
  } catch (error) {
    // The work is what counts; its log may be gone, or be damaged.
    env.log.warn("no output for an answer", { id, error: String(error) });
    return undefined;
  }
  const { lines, number } = log;
  if (!lines.some(({ stream }) => stream !== "note")) return undefined;
  const all = lines
    .filter(({ text }) => !STATEMENT.test(text))
    .map(({ text, open }) => (open === true ? text : `${text}\n`))
    .join("");
  const text = stripTerminal(all).trimEnd();
  const tail = endOf(text, TAIL_BYTES);
  const cut = lines.length >= TAIL_LINES || tail.length < text.length;
  return cut ? `[only the end; all of it: shell:logs with id ${number}]\n${tail}` : tail;
}

function endOf(text: string, bytes: number): string {
  const all = Buffer.from(text, "utf8");
  if (all.length <= bytes) return text;
  let from = all.length - bytes;
  // Not inside a character.
  while (((all[from] ?? 0) & 0xc0) === 0x80) from++;
  return all.subarray(from).toString("utf8");
}
