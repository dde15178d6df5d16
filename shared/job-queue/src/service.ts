import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { type Forced, takeByForce } from "./force.ts";
import type { JobHandler } from "./handler.ts";
import { type SendInput, type SentInput, sendInput } from "./input.ts";
import { decodeCursor, encodeCursor } from "./ids.ts";
import {
  END_REASONS,
  type EndReason,
  JOB_STATES,
  type JobInfo,
  type JobState,
  type LogLine,
  type StoredError,
} from "./job.ts";
import { HANDLER_KEYS, JOB_FILTER_KEYS, assertKeys } from "./known-keys.ts";
import { ENQUEUE_MOST } from "./limits.ts";
import type { EnqueueOptions, EnqueuedJob, HandlerOptions, JobFilter, NewJob, Page } from "./options.ts";
import { rerunBatch } from "./batches.ts";
import type { Ports } from "./ports.ts";
import { requireRef, resolveRef } from "./resolve.ts";
import { COMPLETED, WAITING_APPROVAL, jobWord } from "./store/codes.ts";
import {
  LATEST_MS,
  type Registered,
  assertBackoff,
  assertFilter,
  assertRate,
  assertType,
  invalid,
  maxAttemptsOf,
  oneOf,
  prepareJob,
  text,
  wholeNumber,
} from "./validate.ts";
import { type WaitOptions, waitUntil } from "./wait.ts";
import type { Watch } from "./watch.ts";

export interface ServiceSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly watch: Watch;
  readonly handlers: Map<string, Registered>;
  readonly maxBytes: number;
  readonly handlersChanged: () => void;
  readonly storePath: string;
  readonly ownWorker: () => number | undefined;
}

/** A type or plugin of which nothing starts. */
export interface Pause {
  readonly name: string;
  /** Since when, in milliseconds since the epoch. */
  readonly since: number;
  readonly by?: string | undefined;
}

const COUNT_CAP = 10_000;

/** Enqueue, look at, and steer jobs. Works in any process that opened the store. */
export class JobQueueService {
  readonly #setting: ServiceSetting;

  constructor(setting: ServiceSetting) {
    this.#setting = setting;
  }

  /** Makes this process able to run jobs of a type. Throws DUPLICATE_HANDLER, INVALID_OPTION. */
  registerHandler<Data, Result>(
    type: string,
    handler: JobHandler<Data, Result>,
    options: HandlerOptions<Data> = {},
  ): void {
    const { handlers } = this.#setting;
    assertType(type);
    assertKeys(`The policy of ${type}`, options, HANDLER_KEYS);
    if (typeof handler?.process !== "function")
      throw new JobQueueError("INVALID_OPTION", `The handler of ${type} has no process function.`);
    if (handlers.has(type))
      throw new JobQueueError("DUPLICATE_HANDLER", `${type} has a handler already. Unregister it first.`);
    if (options.concurrency !== undefined) wholeNumber("concurrency", options.concurrency, 1, 1_000_000);
    if (options.timeout !== undefined) wholeNumber("timeout", options.timeout, 1, LATEST_MS);
    if (options.stallAfter !== undefined) wholeNumber("stallAfter", options.stallAfter, 1, LATEST_MS);
    assertRate(options.rate);
    if (options.afterCrash !== undefined) oneOf("afterCrash", options.afterCrash, ["rerun", "interrupt"]);
    maxAttemptsOf(options);
    assertBackoff(options.backoff);
    text("version", options.version);
    text("pluginVersion", options.pluginVersion);
    if (
      options.schema !== undefined &&
      typeof (options.schema as { safeParse?: unknown } | null)?.safeParse !== "function"
    )
      invalid("schema", options.schema, "a zod schema");
    handlers.set(type, { type, handler: handler as JobHandler<never>, options: options as HandlerOptions<never> });
    this.#setting.handlersChanged();
  }

  /** Jobs of the type that wait stay; they run when a process with a handler comes. Running ones end as they would. */
  unregisterHandler(type: string): void {
    this.#setting.handlers.delete(type);
  }

  getRegisteredTypes(): string[] {
    return [...this.#setting.handlers.keys()];
  }

  /** Resolves when the job is committed. Throws INVALID_DATA, INVALID_OPTION, TOO_LARGE, JOB_NOT_FOUND (of `after`), IDEMPOTENCY_MISMATCH. */
  async enqueue(type: string, data?: unknown, options: EnqueueOptions = {}): Promise<EnqueuedJob> {
    const [job] = await this.enqueueMany([{ ...options, type, data }]);
    return job as EnqueuedJob;
  }

  /** All or none, in one transaction: at most 5 000. More at once are a batch. */
  async enqueueMany(jobs: readonly NewJob[]): Promise<EnqueuedJob[]> {
    const { engine, ports, handlers, maxBytes } = this.#setting;
    if (!Array.isArray(jobs)) invalid("enqueueMany", jobs, "a list of jobs");
    if (jobs.length > ENQUEUE_MOST)
      throw new JobQueueError(
        "INVALID_OPTION",
        `enqueueMany takes at most ${ENQUEUE_MOST} jobs, not ${jobs.length}. Enqueue them as a batch, or in several calls.`,
      );
    const rows = jobs.map((job: NewJob | null) =>
      prepareJob(job as NewJob, handlers.get(job?.type as string), ports.clock.now(), maxBytes),
    );
    const made = await engine.submit("enqueue", rows);
    return made.map(({ id, number, duplicate }) => ({ jobId: id, number, duplicate }));
  }

  /** A job as it stands, whole, by number, id or the start of an id; null if there is none. */
  async getStatus(ref: string | number): Promise<JobInfo | null> {
    const found = resolveRef(this.#setting.engine, ref);
    if (found?.kind !== "job") return null;
    return this.#setting.engine.queries.jobs({ ids: [found.number], limit: 1 })[0] ?? null;
  }

  /** Everything that has not ended, newest first; at most 1 000. */
  async getActiveJobs(types?: readonly string[]): Promise<JobInfo[]> {
    return this.#setting.engine.queries.jobs({ active: true, types, limit: 1_000, brief: true });
  }

  /** Newest first, at most 1 000. */
  async getJobsByStatus(status: JobState, options: { limit?: number } = {}): Promise<JobInfo[]> {
    return [...(await this.list({ state: status, limit: options.limit ?? 1_000 })).items];
  }

  /** Newest first, a page at a time, without payloads and results of more than 16 KiB: `getStatus` has them. A page never repeats or skips a job that was there when the first page was read. */
  async list(filter: JobFilter = {}): Promise<Page<JobInfo>> {
    const limit = filter.limit === undefined ? 50 : wholeNumber("limit", filter.limit, 1, 1_000);
    const items = this.#setting.engine.queries.jobs({
      ...this.#query(filter),
      before: this.#before(filter.cursor),
      limit: limit + 1,
      brief: true,
    });
    const last = items.length > limit ? items[limit - 1] : undefined;
    return { items: items.slice(0, limit), next: last && encodeCursor("job", last.number) };
  }

  /** How many jobs match; counting stops at 10 000 (`capped`). */
  async count(filter: JobFilter = {}): Promise<{ count: number; capped: boolean }> {
    const count = this.#setting.engine.queries.count(this.#query(filter), COUNT_CAP);
    return { count: Math.min(count, COUNT_CAP), capped: count > COUNT_CAP };
  }

  /** A waiting job ends at once; a running one is asked to stop, wherever it runs (`cancelling`). Throws JOB_NOT_FOUND, INVALID_STATE. */
  async cancel(
    ref: string | number,
    options: { by?: string | undefined } = {},
  ): Promise<{ state: JobState; cancelling: boolean }> {
    const { engine } = this.#setting;
    const done = await engine.submit("cancel", { id: requireRef(engine, ref, "job"), by: options.by });
    return { state: jobWord(done.state), cancelling: done.cancelling };
  }

  /**
   * Starts the next run from the beginning. Also takes a batch. `force` takes a running job from a worker that does not answer, ending that
   * worker's process, and returns what became of it; nothing is returned for work that has ended. Throws WORKER_ANSWERS, INVALID_STATE.
   */
  async retry(ref: string | number, options: { force?: boolean | undefined } = {}): Promise<Forced | undefined> {
    if (options.force === true) {
      const found = resolveRef(this.#setting.engine, ref);
      const forced = found?.kind === "job" ? await takeByForce(this.#setting, found.number) : undefined;
      if (forced !== undefined) return forced;
    }
    await this.#rerun(ref, false);
    return undefined;
  }

  /** Nothing of this type, or of this plugin (the part of its types before the colon), starts any more, in any process. What runs goes on. False if it was so. */
  async pause(name: string, options: { by?: string | undefined } = {}): Promise<boolean> {
    assertType(name);
    return this.#setting.engine.submit("pause", { name, by: text("by", options.by) });
  }

  /** False if the type or plugin was not paused by this name. */
  async unpause(name: string): Promise<boolean> {
    assertType(name);
    return this.#setting.engine.submit("unpause", name);
  }

  /** What is paused, by name. */
  async pausedTypes(): Promise<Pause[]> {
    const rows = this.#setting.engine.queries.pauses();
    return rows.map(({ name, at, principal }) => ({ name, since: at, by: principal ?? undefined }));
  }

  /** Types that the store or this process knows, by name. */
  async knownTypes(): Promise<string[]> {
    return [...new Set([...this.#setting.engine.queries.types(), ...this.getRegisteredTypes()])].toSorted();
  }

  /** Starts the next run with the finished steps kept. Also takes a batch. */
  async resume(ref: string | number): Promise<void> {
    await this.#rerun(ref, true);
  }

  /**
   * Sends text to a job's present run, from any process; it may be read once the job runs. Throws JOB_NOT_FOUND, INVALID_STATE (it has ended),
   * INPUT_CLOSED (after `eof`), INPUT_FULL, TOO_LARGE, INVALID_OPTION.
   */
  async sendInput(ref: string | number, input: SendInput): Promise<SentInput> {
    return sendInput(this.#setting.engine, ref, input);
  }

  /** Removes an ended job, or an ended batch with its jobs. */
  async delete(ref: string | number): Promise<void> {
    const { engine } = this.#setting;
    const found = resolveRef(engine, ref);
    if (found?.kind === "batch") {
      while ((await engine.submit("deleteBatch", found.number)).more);
    } else await engine.submit("deleteJob", requireRef(engine, ref, "job"));
  }

  /** Resolves when the job's run has ended. Throws WAIT_TIMEOUT, WAIT_INSIDE_HANDLER, JOB_NOT_FOUND. */
  async wait(ref: string | number, options: WaitOptions = {}): Promise<JobInfo> {
    const { engine, watch, ports } = this.#setting;
    const number = requireRef(engine, ref, "job");
    return waitUntil(watch, ports, number, options, () => {
      // The state alone first: a process may have very many waits, and looks at each when another process commits.
      const state = engine.queries.stateOf(number);
      const waits = state === WAITING_APPROVAL && options.until === "ended-or-waiting";
      if (state !== undefined && state < COMPLETED && !waits) return undefined;
      const job = engine.queries.jobs({ ids: [number], limit: 1 })[0];
      if (!job) throw new JobQueueError("JOB_NOT_FOUND", `#${number} was deleted.`);
      return job;
    });
  }

  /** The job's output after a cursor, or its last `tail` lines. `ended` says that no more will come in this run. */
  async logs(
    ref: string | number,
    options: { after?: string | undefined; limit?: number | undefined; tail?: number | undefined } = {},
  ): Promise<{ lines: LogLine[]; cursor: string; ended: boolean }> {
    const { queries } = this.#setting.engine;
    const number = requireRef(this.#setting.engine, ref, "job");
    const limit = options.limit === undefined ? 1_000 : wholeNumber("limit", options.limit, 1, 10_000);
    const after = options.after === undefined ? 0 : decodeCursor("log", options.after);
    if (after === undefined) throw new JobQueueError("INVALID_CURSOR", `"${options.after}" is not a cursor of a log.`);
    // The state first: lines are written before the end, so an ended job has no line that the next query could miss.
    const ended = (queries.stateOf(number) ?? COMPLETED) >= COMPLETED;
    const rows =
      options.tail === undefined
        ? queries.lines(number, after, limit)
        : queries.tail(number, wholeNumber("tail", options.tail, 0, 10_000));
    const lines = rows.map(({ n, ...row }) => ({ ...row, cursor: encodeCursor("log", n) }));
    return {
      lines,
      cursor: encodeCursor("log", rows.at(-1)?.n ?? after),
      ended: ended && (options.tail !== undefined || rows.length < limit),
    };
  }

  /** Lines as they come, until the run has ended or the signal is aborted. Lines keep their order; none is skipped or repeated. */
  async *followLogs(
    ref: string | number,
    options: { after?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<LogLine> {
    let cursor = options.after;
    for (;;) {
      let grown = (): void => undefined;
      const growth = new Promise<void>((resolve) => {
        grown = resolve;
      });
      const off = this.#setting.watch.onGrowth(grown);
      options.signal?.addEventListener("abort", grown, { once: true });
      try {
        if (options.signal?.aborted) return;
        const page = await this.logs(ref, { after: cursor });
        for (const line of page.lines) yield line;
        cursor = page.cursor;
        if (page.ended) return;
        if (page.lines.length > 0) continue;
        const alive = setInterval(() => undefined, 2 ** 30);
        await growth.finally(() => clearInterval(alive));
      } finally {
        off();
        options.signal?.removeEventListener("abort", grown);
      }
    }
  }

  /** The finished steps of a job. */
  async steps(ref: string | number): Promise<{ name: string; run: number; attempt: number; at: number }[]> {
    const rows = this.#setting.engine.queries.stepList(requireRef(this.#setting.engine, ref, "job"));
    return rows
      .filter((row) => row.kind === "step" || row.kind === "review")
      .map(({ name, run, attempt, at }) => ({ name, run, attempt, at }));
  }

  /** Earlier runs of a job, oldest first. */
  async runs(ref: string | number): Promise<
    {
      run: number;
      state: JobState;
      reason?: EndReason | undefined;
      error?: StoredError | undefined;
      startedAt?: number | undefined;
      endedAt?: number | undefined;
    }[]
  > {
    return this.#setting.engine.queries.runs(requireRef(this.#setting.engine, ref, "job")).map((row) => ({
      run: row.run,
      state: jobWord(row.state),
      reason: (row.reason as EndReason | null) ?? undefined,
      error: row.error === null ? undefined : (JSON.parse(row.error) as StoredError),
      startedAt: row.startedAt ?? undefined,
      endedAt: row.endedAt ?? undefined,
    }));
  }

  /** How long completed jobs of a type took (the last 100 at most), in milliseconds. Null without any. */
  async durations(type: string): Promise<{ count: number; median: number; p90: number } | null> {
    const all = this.#setting.engine.queries.durations(type).toSorted((a, b) => a - b);
    if (all.length === 0) return null;
    const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))] as number;
    return { count: all.length, median: at(0.5), p90: at(0.9) };
  }

  async #rerun(ref: string | number, keepSteps: boolean): Promise<void> {
    const { engine } = this.#setting;
    const found = resolveRef(engine, ref);
    if (found?.kind === "batch") await rerunBatch(engine, found.number, keepSteps);
    else await engine.submit("rerun", { id: requireRef(engine, ref, "job"), keepSteps, force: null });
  }

  #before(cursor: string | undefined): number | undefined {
    if (cursor === undefined) return undefined;
    const before = decodeCursor("job", cursor);
    if (before === undefined)
      throw new JobQueueError("INVALID_CURSOR", `"${cursor}" is not a cursor of a list of jobs.`);
    return before;
  }

  #query(filter: JobFilter) {
    const { state, type, batch } = filter;
    assertKeys("A filter of jobs", filter, JOB_FILTER_KEYS);
    assertFilter(filter);
    if (filter.reason !== undefined) oneOf("reason", filter.reason, END_REASONS);
    for (const each of type === undefined ? [] : [type].flat()) assertType(each);
    for (const each of state === undefined ? [] : [state].flat()) oneOf("state", each, JOB_STATES);
    return {
      ...filter,
      states: state === undefined ? undefined : typeof state === "string" ? [state] : state,
      types: type === undefined ? undefined : typeof type === "string" ? [type] : type,
      batch: batch === undefined || batch === null ? batch : requireRef(this.#setting.engine, batch, "batch"),
    };
  }
}
