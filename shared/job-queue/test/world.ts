import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { cancelJob, failJob, isCodedError, snoozeJob } from "../src/index.ts";
import type { JobContext } from "../src/handler.ts";
import { type TestQueue, manualClock, openTestQueue, turns } from "../src/testing/index.ts";
import { violations } from "./invariants.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

export type Deed =
  | "complete"
  | "throw"
  | "fail"
  | "unsuccessful"
  | "cancel"
  | "snooze"
  | "sleep"
  | "wait"
  | "ask"
  | "hang"
  | "late"
  | "step"
  | "read"
  | "add";
export interface Work {
  readonly script: readonly Deed[];
}

/** What a history may do. Numbers pick among what there is, so that every history makes sense after shrinking. */
export type Action =
  | {
      readonly do: "enqueue";
      readonly on: number;
      readonly script: readonly Deed[];
      readonly key: number | null;
      readonly dedup: "skip" | "replace" | "coalesce";
      readonly after: readonly number[];
      readonly delay: number;
      readonly priority: number;
      readonly tries: number;
    }
  | {
      readonly do: "batch";
      readonly on: number;
      readonly scripts: readonly (readonly Deed[])[];
      readonly chained: boolean;
      readonly open: boolean;
      readonly policy: "continue" | "stop";
      readonly after: readonly number[];
    }
  | { readonly do: "add" | "close" | "cancelBatch" | "retryBatch" | "deleteBatch"; readonly pick: number }
  | { readonly do: "send"; readonly pick: number; readonly on: number; readonly eof: boolean }
  | { readonly do: "cancel" | "resume" | "delete"; readonly pick: number; readonly on: number }
  | {
      readonly do: "retry";
      readonly pick: number;
      readonly on: number;
      readonly force: boolean;
      readonly release: boolean;
    }
  | { readonly do: "decide"; readonly pick: number; readonly choice: "approve" | "reject" }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "crash"; readonly on: number };

/** Two queues on one file, with handlers that do as each job's script says, one deed per invocation. */
export class World {
  readonly clock = manualClock();
  readonly #folder = mkdtempSync(join(tmpdir(), "model-"));
  readonly #path = join(this.#folder, "q.db");
  readonly #queues: TestQueue[] = [];
  /** A front end whose clock is ahead: to it no worker answers, so it may take jobs by force. */
  #impatient!: TestQueue;
  readonly #invoked = new Map<number, number>();
  readonly #db: { at?: BetterSqlite3.Database } = {};
  #healing = false;
  #heal!: () => void;
  readonly #healed = new Promise<void>((resolve) => {
    this.#heal = resolve;
  });
  #sent = 0;
  /** Pieces of input that handlers were given, with their run. */
  readonly given: string[] = [];
  #release!: () => void;
  #released = this.#gate();
  #cursor: string | undefined;
  /** What a reader that came back with its cursor again and again was told. */
  readonly told: string[] = [];

  #gate(): Promise<void> {
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Those that are late come to their end. */
  #open(): void {
    this.#release();
    this.#released = this.#gate();
  }

  async open(): Promise<void> {
    for (const at of [0, 1]) await this.#start(at);
    const ahead = { ...this.clock, now: () => this.clock.now() + 60_000 };
    this.#impatient = await openTestQueue({ path: this.#path, clock: ahead });
    this.#db.at = new Sqlite(this.#path, { readonly: true });
  }

  async dispose(): Promise<void> {
    this.#heal();
    this.#db.at?.close();
    for (const queue of [...this.#queues, this.#impatient]) queue.crash();
    await turns();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(at: number): Promise<void> {
    const queue = await openTestQueue({ path: this.#path, clock: this.clock, concurrency: 3, grace: 1_000 });
    this.#queues[at] = queue;
    queue.registerHandler(
      "op",
      { process: (data: Work, _id, job) => this.#perform(data, job) },
      { concurrency: 4, backoff: { delay: 500, jitter: 0 } },
    );
    await queue.start();
  }

  /** The result names its run, so that a result of another run can be told. */
  async #perform(data: Work, job: JobContext): Promise<unknown> {
    const result = { run: job.run };
    const nth = this.#invoked.get(job.number) ?? 0;
    this.#invoked.set(job.number, nth + 1);
    const deed = this.#healing ? "complete" : (data.script[nth] ?? "complete");
    job.progress({ current: nth });
    switch (deed) {
      case "complete":
        return result;
      case "throw":
        throw new Error("thrown");
      case "fail":
        throw failJob("failed");
      case "unsuccessful":
        return { success: false };
      case "cancel":
        throw cancelJob();
      case "snooze":
        throw snoozeJob(700);
      case "sleep":
        await job.sleep(900);
        return result;
      case "wait":
        // Only for older ones: two that wait for each other would wait for ever.
        if (job.number > 1) await job.waitFor(String(job.number - 1));
        return result;
      case "ask":
        await job.requestDecision({ question: "Go on?", expiresIn: 60_000 });
        return result;
      case "step":
        await job.step("half", () => nth);
        throw new Error("after a step");
      case "read": {
        job.waitsForInput(true);
        const piece = await Promise.race([this.#healed, job.readInput()]);
        if (piece) this.given.push(`#${job.number} run ${job.run} ${piece.text}`);
        throw new Error("after a piece");
      }
      case "add":
        await job.addToBatch([{ type: "op", data: { script: [] } satisfies Work }]);
        return result;
      case "late":
        // Deaf to its signal, as code is that waits for something else.
        await Promise.race([this.#healed, this.#released]);
        return result;
      case "hang":
        await Promise.race([
          this.#healed,
          new Promise((resolve) => {
            job.signal.addEventListener("abort", resolve);
          }),
        ]);
        return result;
    }
  }

  get #reader(): BetterSqlite3.Database {
    return this.#db.at as BetterSqlite3.Database;
  }

  #ids(table: "bq_job" | "bq_batch"): number[] {
    return this.#reader.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all() as number[];
  }

  #pick(table: "bq_job" | "bq_batch", pick: number): number {
    const ids = this.#ids(table);
    // Mostly one of the newest, where things happen.
    const among = pick < 25 ? ids.slice(-4) : ids;
    return among.length === 0 ? 999_999 : (among[pick % among.length] as number);
  }

  /** Does it; a refusal with a code is a fair answer, anything else is not. */
  async act(action: Action): Promise<void> {
    try {
      await this.#act(action);
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
    await turns(4);
    await this.#read();
  }

  async #act(action: Action): Promise<void> {
    const queue = this.#queues["on" in action ? action.on : 0] as TestQueue;
    switch (action.do) {
      case "enqueue": {
        const keyed = action.key !== null;
        // A keyed job waits for nothing here: one that waited for its own successor would wait for ever.
        const script = keyed ? action.script.filter((deed) => deed !== "wait") : action.script;
        await queue.enqueue("op", { script } satisfies Work, {
          key: keyed ? `k${action.key}` : undefined,
          dedup: action.dedup,
          after: keyed ? undefined : action.after.map((pick) => this.#pick("bq_job", pick)),
          delay: action.delay,
          priority: action.priority,
          maxAttempts: action.tries,
        });
        break;
      }
      case "batch":
        await queue.enqueueBatch(
          action.scripts.map((script, i) => ({
            type: "op",
            data: { script } satisfies Work,
            key: `m${i}`,
            dependsOn: action.chained && i > 0 ? `m${i - 1}` : undefined,
          })),
          {
            open: action.open,
            policy: action.policy,
            after: action.after.map((pick) => this.#pick("bq_batch", pick)),
          },
        );
        break;
      case "add":
        await queue.batches.addToBatch(this.#pick("bq_batch", action.pick), [
          { type: "op", data: { script: ["throw"] } satisfies Work },
        ]);
        break;
      case "close":
        await queue.batches.closeBatch(this.#pick("bq_batch", action.pick));
        break;
      case "cancelBatch":
        await queue.batches.cancelBatch(this.#pick("bq_batch", action.pick));
        break;
      case "retryBatch":
        await queue.service.retry(this.#pick("bq_batch", action.pick));
        break;
      case "deleteBatch":
        await queue.service.delete(this.#pick("bq_batch", action.pick));
        break;
      case "send": {
        const job = this.#pick("bq_job", action.pick);
        await queue.service.sendInput(job, { text: `${(this.#sent += 1)}`, eof: action.eof });
        break;
      }
      case "cancel":
        await queue.service.cancel(this.#pick("bq_job", action.pick));
        break;
      case "resume":
        await queue.service.resume(this.#pick("bq_job", action.pick));
        break;
      case "delete":
        await queue.service.delete(this.#pick("bq_job", action.pick));
        break;
      case "retry":
        if (action.force) await this.#impatient.service.retry(this.#pick("bq_job", action.pick), { force: true });
        else await queue.service.retry(this.#pick("bq_job", action.pick));
        // In the same breath, before the other process has heard that its attempt was taken away.
        if (action.release) this.#open();
        break;
      case "decide": {
        const open = await queue.requests.list({ open: true });
        const request = open[action.pick % Math.max(1, open.length)];
        if (request) await queue.requests.decide(request.number, { choice: action.choice });
        break;
      }
      case "advance":
        this.#open();
        await this.clock.advance(action.ms);
        break;
      case "crash":
        queue.crash();
        await turns(2);
        await this.#start(action.on);
        break;
    }
  }

  /** A page at a time, as a slow reader would. */
  async #read(): Promise<void> {
    const page = await (this.#queues[1] as TestQueue).events.read({ after: this.#cursor, limit: 7 });
    this.#cursor = page.cursor;
    for (const event of page.events) {
      const [kind, number] = event.kind === "job" ? ["job", event.job.number] : ["batch", event.batch.number];
      if (event.change !== "progress") this.told.push(`${event.cursor} ${kind} ${number} ${event.change} ${event.run}`);
    }
  }

  violations(): string[] {
    return violations(this.#reader);
  }

  /** Nothing fails or hangs any more and people answer: whatever can end does. Returns what did not. */
  async heal(): Promise<string[]> {
    this.#healing = true;
    this.#heal();
    const queue = this.#queues[0] as TestQueue;
    for (let round = 0; round < 60; round++) {
      for (const number of this.#ids("bq_batch")) await queue.batches.closeBatch(number);
      for (const request of await queue.requests.list({ open: true })) {
        await queue.requests.decide(request.number, { choice: "approve" }).catch(() => undefined);
      }
      await this.clock.advance(3_000);
      const left = this.#reader
        .prepare(
          "SELECT id || ' ' || state FROM bq_job WHERE state < 5 UNION ALL SELECT 'batch ' || id FROM bq_batch WHERE state < 5",
        )
        .pluck()
        .all() as string[];
      if (left.length === 0) break;
      if (round === 59) return left;
    }
    for (let before = -1; before !== this.told.length;) {
      before = this.told.length;
      for (let i = 0; i < 5; i++) await this.#read();
    }
    return [];
  }

  /** Events of what still exists that the reader was not told, or was told twice. */
  gaps(): string[] {
    const { told } = this;
    const seen = new Set(told);
    const twice = told.length === seen.size ? [] : told.filter((each, i) => told.indexOf(each) !== i);
    const all = this.#reader
      .prepare(
        `SELECT seq, kind, id, change, run FROM bq_event WHERE (kind = 0 AND id IN (SELECT id FROM bq_job)) OR (kind = 1 AND id IN (SELECT id FROM bq_batch))`,
      )
      .all() as { seq: number; kind: number; id: number; change: string; run: number }[];
    const missing = all
      .map((e) => `e${e.seq.toString(36)} ${e.kind === 0 ? "job" : "batch"} ${e.id} ${e.change} ${e.run}`)
      .filter((each) => !seen.has(each));
    return [...twice, ...missing];
  }

  /** Pieces of input that were given twice, or before one that was sent earlier in the same run. */
  misgiven(): string[] {
    const last = new Map<string, number>();
    return this.given.filter((each) => {
      const at = each.lastIndexOf(" ");
      const run = each.slice(0, at);
      const piece = Number(each.slice(at));
      const wrong = piece <= (last.get(run) ?? 0);
      last.set(run, piece);
      return wrong;
    });
  }
}
