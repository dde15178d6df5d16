import { isCodedError } from "@brains/plugin";
import type { Caller } from "@brains/plugin";
import type { CallOptions, ToolInfo, ToolReply } from "./contract.ts";
import { BrainsError, messageOf } from "./errors.ts";
import { fieldProblems, unknownFields } from "./field-problems.ts";
import { handOver, outputTail } from "./hand-over.ts";
import { enqueuedBy, queuedReply } from "./queued-reply.ts";
import type { RepeatedCalls } from "./repeated-calls.ts";
import { originOf } from "./rights.ts";
import { newScope } from "./scope.ts";
import type { Environment, Scope } from "./scope.ts";
import { withTimeLimit } from "./time-limit.ts";
import type { Call, Tool } from "./tool-table.ts";
import { markRead } from "./unread.ts";
import { count } from "./wording.ts";
import { LONGEST_WAIT, listenTo, outcomeOf, waitForWork } from "./waiting.ts";

type Queued = Extract<ToolReply, { kind: "queued" }>;

export interface Dispatch {
  readonly env: Environment;
  readonly repeated: RepeatedCalls;
  /** Milliseconds in which a plugin's tool must answer. */
  readonly answerLimit: number;
}

/** One call of a tool that the caller may call: check, run, reply, wait. */
export async function dispatch(
  on: Dispatch,
  tool: Tool,
  given: unknown,
  caller: Caller,
  options: CallOptions,
): Promise<ToolReply> {
  const { queue } = on.env;
  const wait = checkWait(options.wait ?? tool.info.wait);
  const input = await checkInput(tool.info, given);
  const after = await checkAfter(on.env, options.after);
  const cursor = wait > 0 && options.onProgress !== undefined ? await queue.events.cursor() : undefined;
  const signal = options.signal ?? new AbortController().signal;
  const run = (key?: string) => {
    const scope = newScope(caller, originOf(caller), { key, after });
    return answer(on, tool, input, { caller, scope, signal, onProgress: options.onProgress });
  };
  const reply =
    options.key === undefined || isLook(tool)
      ? await run()
      : await on.repeated.once(
          caller.principal,
          checkKey(options.key),
          { tool: tool.info.name, input: given ?? {} },
          run,
        );
  if (reply.kind !== "queued" || wait === 0) return reply;
  return waitFor(on, reply, wait, caller, { ...options, signal }, cursor);
}

/** The shell's looks answer with how things are now, however often they are asked. */
function isLook({ answer: { by }, info }: Tool): boolean {
  return by === "shell" && info.annotations.readOnly;
}

/** A call that a plugin makes while it handles another: the inner call belongs to the outer one, and is never a person's. */
export async function dispatchNested(
  on: Dispatch,
  tool: Tool,
  given: unknown,
  caller: Caller,
  outer: Scope,
): Promise<unknown> {
  const key = outer.nextKey();
  const input = await checkInput(tool.info, given);
  const scope = newScope(caller, outer.origin, { key, after: outer.after });
  const reply = await answer(on, tool, input, { caller, scope, signal: new AbortController().signal });
  outer.enqueued.push(...scope.enqueued);
  return reply.kind === "data" ? reply.data : reply.queued;
}

async function answer(on: Dispatch, tool: Tool, input: unknown, call: Call): Promise<ToolReply> {
  if (tool.answer.by === "shell") return tool.answer.run(input, call);
  const result = await runPlugin(on, tool.info, tool.answer.run, input, call);
  const enqueued = enqueuedBy(result, call.scope);
  if (enqueued !== undefined) return { kind: "queued", queued: queuedReply(enqueued, result) };
  return { kind: "data", data: await checkOutput(tool.info, result) };
}

async function runPlugin(
  { env, answerLimit }: Dispatch,
  { name }: ToolInfo,
  run: (input: unknown, call: Call) => unknown,
  input: unknown,
  call: Call,
): Promise<unknown> {
  // The tool's own signal: it must stop when its answer would come too late, while the caller's only ends the waiting.
  const tooLate = new AbortController();
  const late = () => {
    const numbers = call.scope.enqueued.map((one) => `#${one.number}`);
    const done = numbers.length === 0 ? "It enqueued nothing so far" : `It enqueued ${numbers.join(", ")}, which go on`;
    const error = new BrainsError(
      "TOOL_TOO_SLOW",
      `${name} did not answer within ${count(answerLimit / 1000, "second")}. ${done}; whether it still works on something cannot be told. A tool must enqueue long work as a job.`,
      { data: { tool: name, enqueued: call.scope.enqueued } },
    );
    tooLate.abort(error);
    return error;
  };
  try {
    const running = env.scopes.run(call.scope, async () => run(input, { ...call, signal: tooLate.signal }));
    return await withTimeLimit(running, answerLimit, late);
  } catch (error) {
    if (isCodedError(error)) {
      env.log.warn(`${name} was refused`, { code: error.code, error: error.message });
      throw error;
    }
    env.log.error(`${name} failed`, {
      error: messageOf(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    throw new BrainsError("TOOL_FAILED", `${name} failed: ${messageOf(error)}`, { cause: error, data: { tool: name } });
  }
}

async function waitFor(
  on: Dispatch,
  reply: Queued,
  seconds: number,
  caller: Caller,
  options: CallOptions & { signal: AbortSignal },
  cursor?: string,
): Promise<ToolReply> {
  const { queued } = reply;
  const id = queued.jobId ?? queued.batchId;
  if (id === undefined) return reply;
  const work = { kind: queued.jobId === undefined ? "batch" : "job", id } as const;
  const started = on.env.now();
  const silence =
    cursor === undefined || options.onProgress === undefined
      ? undefined
      : listenTo(on.env.queue, [work], cursor, caller, options.onProgress);
  try {
    const settled = await waitForWork(on.env.queue, work, seconds * 1000, options.signal);
    if (settled === undefined) {
      const waited = Math.round((on.env.now() - started) / 1000);
      // A caller that is gone needs no more.
      const soFar = options.signal.aborted ? {} : await handOver(on.env, work, caller);
      return { ...reply, queued: { ...queued, ...soFar }, waited };
    }
    await markRead(
      on.env.queue,
      caller,
      settled.kind === "job" ? settled.job : { ...settled.batch, state: settled.batch.status },
    );
    const output = settled.kind === "job" ? await outputTail(on.env, settled.job.id, caller) : undefined;
    return { kind: "ended", queued, outcome: { ...outcomeOf(settled), ...(output !== undefined && { output }) } };
  } finally {
    silence?.();
  }
}

async function checkInput(info: ToolInfo, given: unknown): Promise<unknown> {
  const input = given ?? {};
  const parsed = await info.input.safeParseAsync(input);
  const problems = [...unknownFields(info.input, input), ...(parsed.success ? [] : fieldProblems(parsed.error.issues))];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new BrainsError(
    "INVALID_INPUT",
    `The input does not fit ${info.name}:\n${problems.map((line) => `  ${line}`).join("\n")}`,
    {
      data: { tool: info.name, problems },
    },
  );
}

async function checkOutput(info: ToolInfo, data: unknown): Promise<unknown> {
  if (info.output === undefined) return data;
  const parsed = await info.output.safeParseAsync(data);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems(parsed.error.issues).join("; ");
  throw new BrainsError(
    "TOOL_FAILED",
    `${info.name} answered something that its own output schema does not allow: ${problems}`,
  );
}

function checkWait(wait = 0): number {
  if (Number.isFinite(wait) && wait >= 0) return Math.min(wait, LONGEST_WAIT);
  throw new BrainsError("INVALID_INPUT", `\`wait\` is a number of seconds from 0 to ${LONGEST_WAIT}, not ${wait}.`);
}

function checkKey(key: string): string {
  if (key.length >= 1 && key.length <= 200) return key;
  throw new BrainsError("INVALID_INPUT", "An idempotency key has 1 to 200 characters.");
}

async function checkAfter({ queue }: Environment, refs: CallOptions["after"] = []): Promise<string[]> {
  return Promise.all(
    refs.map(async (ref) => {
      const found = await queue.resolve(ref);
      if (found !== null && found.kind !== "request") return found.id;
      throw new BrainsError(
        "NOT_FOUND",
        `\`after\` names ${JSON.stringify(ref)}, but no job or batch has this id or number.`,
      );
    }),
  );
}
