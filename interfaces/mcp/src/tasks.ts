// The extension io.modelcontextprotocol/tasks of revision 2026-07-28, for work that the shell runs. The SDK has no server for it yet; what is
// known of the wire is in this file, so that one of its own can take its place.
import { randomBytes } from "node:crypto";
import { isCodedError, type Caller, type JobReply, type JobView, type QueuedReply, type Shell } from "@brains/shell";
import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { shellData, type ShellData } from "./shell-data.ts";
import { earlierRun, isOpenTo, taskBase, taskView, type Work } from "./task-view.ts";

const TASKS = "io.modelcontextprotocol/tasks";

const PARAMS = z.looseObject({ taskId: z.string().max(200) });
const RESULT = z.looseObject({});
const ACKNOWLEDGED = { resultType: "complete" };
/** Milliseconds that an answered job gets to read its input, so that the next look does not ask for it again. */
const READ_LIMIT = 1000;
const MOST_ANSWERED = 10_000;

/** What every request of the present revision says of its client; the SDK has checked it. */
type Envelope = { readonly [CLIENT_CAPABILITIES_META_KEY]?: { readonly extensions?: Record<string, unknown> } };

/** True if this request's client takes a task for an answer. */
export function takesTasks(context: ServerContext): boolean {
  const envelope: Envelope = context.mcpReq.envelope ?? {};
  return envelope[CLIENT_CAPABILITIES_META_KEY]?.extensions?.[TASKS] !== undefined;
}

/** Refuses a request whose client does not. */
export function demandTasks(context: ServerContext): void {
  if (takesTasks(context)) return;
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS]: {} } } });
}

/** Names questions, shared by all servers of a process: a client takes a question under a name that it has answered for the old one. */
export class QuestionNames {
  /** Another process begins anew, and must not use the names of this one. */
  readonly #begin = randomBytes(3).toString("hex");
  readonly #answers = new Map<string, number>();

  of({ id, number }: JobView): string {
    return `input-${number}-${this.#begin}${this.#answers.get(id) ?? 0}`;
  }

  answered({ id }: JobView): void {
    const before = this.#answers.get(id) ?? 0;
    // Last in the order, so that what goes first is what was answered longest ago.
    this.#answers.delete(id);
    this.#answers.set(id, before + 1);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size > MOST_ANSWERED) this.#answers.delete(oldest);
  }
}

export class Tasks {
  readonly #shell: Shell;
  readonly #caller: Caller;
  readonly #names: QuestionNames;
  readonly #call: ShellData;

  constructor(shell: Shell, caller: Caller, names: QuestionNames) {
    this.#shell = shell;
    this.#call = shellData(shell, caller);
    this.#caller = caller;
    this.#names = names;
  }

  /** Lets a server speak of tasks. */
  serve({ server }: McpServer): void {
    server.registerCapabilities({ extensions: { [TASKS]: {} } });
    const schemas = { params: PARAMS, result: RESULT };
    server.setRequestHandler("tasks/get", schemas, async ({ taskId }, context) => {
      demandTasks(context);
      return { resultType: "complete", ...(await this.#view(taskId)) };
    });
    server.setRequestHandler("tasks/update", schemas, async ({ taskId }, context) => {
      demandTasks(context);
      const task = await this.#find(taskId);
      if (task.present) await this.#answer(task.work, context.mcpReq.inputResponses ?? {});
      return ACKNOWLEDGED;
    });
    server.setRequestHandler("tasks/cancel", schemas, async ({ taskId }, context) => {
      demandTasks(context);
      const task = await this.#find(taskId);
      if (task.present) await this.#cancel(task.work.operation.id);
      return ACKNOWLEDGED;
    });
  }

  /** What was enqueued, as a task. The job is in the store already. */
  async created({ jobId, batchId }: QueuedReply, warning?: string): Promise<CallToolResult> {
    const work = await this.#look(jobId ?? batchId ?? "");
    if (!work) throw new Error("what was just enqueued is gone");
    const { operation } = work;
    const task = taskBase(`${operation.id}.${operation.run}`, work);
    const statusMessage = warning === undefined ? task.statusMessage : `${task.statusMessage}. ${warning}`;
    // The SDK takes no result of a tool without content.
    return { resultType: "task", content: [], ...task, statusMessage, status: "working" };
  }

  async #view(taskId: string) {
    const { work, run, present } = await this.#find(taskId);
    return present ? taskView(taskId, work, await this.#waiting(work)) : earlierRun(taskId, work, run);
  }

  /** An id is `<number>-<random>.<run>`. It says which work is meant, not that the caller may have it. */
  async #find(taskId: string): Promise<{ readonly work: Work; readonly run: number; readonly present: boolean }> {
    const [, id, digits] = /^(\d+-[a-z0-9]+)\.([1-9]\d{0,8})$/.exec(taskId) ?? [];
    const work = id === undefined ? undefined : await this.#look(id);
    const run = Number(digits);
    if (!work || work.operation.id !== id || run > work.operation.run || !isOpenTo(work, this.#caller)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such task. shell_status lists the work.");
    }
    return { work, run, present: run === work.operation.run };
  }

  async #look(id: string): Promise<Work | undefined> {
    const reply = await this.#call<JobReply>("job", { id }).catch((error: unknown) => {
      if (isCodedError(error) && error.code.endsWith("NOT_FOUND")) return undefined;
      throw error;
    });
    return reply?.kind === "request" ? undefined : reply;
  }

  /** Jobs of the work that wait for input, by key. */
  async #waiting(work: Work): Promise<Map<string, JobView>> {
    const jobs = work.kind === "job" ? [work.job] : await this.#running(work.operation.id);
    const asking = jobs.filter(({ waitingFor, cancelling }) => waitingFor === "input" && !cancelling);
    return new Map(asking.map((job) => [this.#names.of(job), job]));
  }

  async #running(batch: string): Promise<readonly JobView[]> {
    const { jobs } = await this.#call<{ jobs: JobView[] }>("jobs", { batch, state: "processing", limit: 100 });
    return jobs;
  }

  async #answer(work: Work, responses: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [key, job] of await this.#waiting(work)) {
      const input = inputOf(responses[key]);
      // Declined, or not answered yet: the job goes on waiting.
      if (!input) continue;
      const read = this.#hasRead(job.id);
      try {
        await this.#call("send", { id: job.id, ...input });
        this.#names.answered(job);
        await read.promise;
      } catch (error) {
        throw asProtocolError(error);
      } finally {
        read.end();
      }
    }
  }

  #hasRead(id: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const silence = this.#shell.follow(
      this.#caller,
      (event) => event.kind === "job" && event.change !== "progress" && resolve(),
      { ids: [id], onError: () => resolve() },
    );
    const limit = setTimeout(resolve, READ_LIMIT);
    return { promise, end: () => (clearTimeout(limit), silence()) };
  }

  async #cancel(id: string): Promise<void> {
    try {
      await this.#call("cancel", { ids: id });
    } catch (error) {
      // It ended meanwhile, which is as good.
      if (!isCodedError(error) || error.code !== "INVALID_STATE") throw asProtocolError(error);
    }
  }
}

/** What is sent to the job for an answer; an answer of another form than was asked for is sent as JSON. */
function inputOf(response: unknown): { text: string; eof?: boolean } | undefined {
  const { action, content } = (response ?? {}) as { action?: unknown; content?: Record<string, unknown> };
  if (action !== "accept") return undefined;
  const { text, eof } = content ?? {};
  const line = typeof text === "string" ? text : JSON.stringify(content ?? {});
  return { text: `${line}\n`, ...(eof === true && { eof }) };
}

function asProtocolError(error: unknown): unknown {
  if (!isCodedError(error)) return error;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `${error.code}: ${error.message}`);
}
