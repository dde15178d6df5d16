import { AsyncLocalStorage } from "node:async_hooks";
import { BUSY_LIMIT_MS, GROUP_LIMIT, SETTLE_RETRY_MS } from "./limits.ts";
import { JobQueueError } from "./errors.ts";
import type { Ports } from "./ports.ts";
import { type Database, isBusy, storeError } from "./sqlite.ts";
import type { ClaimInput, Claimed } from "./store/claim.ts";
import type { CommandName, Commands, Store } from "./store/store.ts";
import type { Effects } from "./store/tick.ts";

type Statement = { run(): unknown };

interface Submitted {
  readonly name: CommandName;
  readonly input: unknown;
  readonly done: (result: Result<unknown>) => void;
}

/** How a command ended: what it returned, or why it was refused. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown };

/** Commands that write only after all their refusals, so that a refused one needs no savepoint to undo it. */
const REFUSES_FIRST: ReadonlySet<CommandName> = new Set<CommandName>([
  "rerunBatch",
  "doChores",
  "sendInput",
  "takeInput",
  "waitsForInput",
  "settle",
  "progress",
  "log",
  "step",
  "dropStep",
  "beat",
  "release",
]);

/** What the worker adds to every transaction: a claim for its free slots, so that settling and claiming are one commit. */
export interface Tail {
  wanted(effects: Effects): ClaimInput | null;
  claimed(result: Claimed): void;
}

/**
 * Group commit: all commands submitted in one turn of the event loop become one transaction, and no promise resolves before its COMMIT.
 * A lone command is committed in the same turn. When another process holds the store, the whole group waits asynchronously.
 */
export class Engine {
  readonly #db: Database;
  readonly #store: Store;
  readonly #ports: Ports;
  readonly #path: string;
  readonly #internalError: (error: unknown, where: string) => void;
  readonly #begin: Statement;
  readonly #commitTx: Statement;
  readonly #savepoint: readonly [open: Statement, keep: Statement, undo: Statement];
  readonly #listeners = new Set<(effects: Effects) => void>();
  readonly #queries: Store["queries"];
  /** A commit belongs to no handler, even if a handler's call set it off. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #queue: Submitted[] = [];
  #scheduled = false;
  #busySince: number | undefined;
  #tail: Tail | undefined;
  #choring = false;
  #closed = false;
  #refusal: JobQueueError | undefined;
  #idle: (() => void) | undefined;

  constructor(
    db: Database,
    store: Store,
    ports: Ports,
    path: string,
    internalError: (error: unknown, where: string) => void,
  ) {
    this.#db = db;
    this.#store = store;
    this.#ports = ports;
    this.#path = path;
    this.#internalError = internalError;
    this.#queries = coded(store.queries, path);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commitTx = db.prepare("COMMIT");
    this.#savepoint = [
      db.prepare("SAVEPOINT command"),
      db.prepare("RELEASE command"),
      db.prepare("ROLLBACK TO command"),
    ];
  }

  /** What is read needs no transaction. Throws QUEUE_CLOSED, and what the store says as one of our codes. */
  get queries(): Store["queries"] {
    if (this.#closed) throw new JobQueueError("QUEUE_CLOSED");
    if (this.#refusal) throw this.#refusal;
    return this.#queries;
  }

  submit<Name extends CommandName>(
    name: Name,
    input: Parameters<Commands[Name]>[0],
  ): Promise<ReturnType<Commands[Name]>> {
    return new Promise((resolve, reject) => {
      this.post(name, input, (result) => (result.ok ? resolve(result.value) : reject(result.error)));
    });
  }

  /** The same with a callback instead of a promise, for what is done once per job. `done` must not throw. */
  post<Name extends CommandName>(
    name: Name,
    input: Parameters<Commands[Name]>[0],
    done: (result: Result<ReturnType<Commands[Name]>>) => void,
  ): void {
    if (this.#closed || this.#refusal)
      return done({ ok: false, error: this.#refusal ?? new JobQueueError("QUEUE_CLOSED") });
    this.#queue.push({ name, input, done: done as (result: Result<unknown>) => void });
    this.#schedule();
  }

  /** Ask for a transaction even if nothing is submitted, so that the tail gets its turn. */
  nudge(): void {
    if (!this.#closed) this.#schedule();
  }

  setTail(tail: Tail | undefined): void {
    this.#tail = tail;
  }

  /** Called after each commit of this process, with what it did. */
  onCommit(listener: (effects: Effects) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Commits what was submitted and refuses everything after. */
  async close(): Promise<void> {
    if (this.#queue.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.abandon();
  }

  /** Stops at once, as a crash would: what was not committed never happened. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const item of this.#queue.splice(0)) item.done({ ok: false, error: new JobQueueError("QUEUE_CLOSED") });
    this.#db.close();
    this.#idle?.();
  }

  /** Refuses everything from now on, reading too; what was submitted and is not committed is refused as well. */
  refuse(error: JobQueueError): void {
    this.#refusal = error;
    this.#tail = undefined;
    for (const item of this.#queue.splice(0)) item.done({ ok: false, error });
    this.#idle?.();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.loop.soon(this.#turn);
  }

  readonly #turn = (): void => this.#outside(() => this.#flush());

  #flush(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    const group = this.#queue.splice(0, GROUP_LIMIT);
    try {
      this.#commit(group);
      this.#busySince = undefined;
    } catch (error) {
      if (isBusy(error)) this.#later(group, error);
      else if (group.length > 1) this.#oneByOne(group);
      else this.#refuse(group, error);
    }
    if (this.#queue.length > 0) this.#schedule();
    else this.#idle?.();
  }

  /** One bad command must not fail its neighbours. */
  #oneByOne(group: readonly Submitted[]): void {
    for (const [i, item] of group.entries()) {
      try {
        this.#commit([item]);
      } catch (error) {
        // All that are left, in their order: order of submission is order of commit.
        if (isBusy(error)) return this.#later(group.slice(i), error);
        this.#refuse([item], error);
      }
    }
  }

  #refuse(group: readonly Submitted[], error: unknown): void {
    for (const item of group) item.done({ ok: false, error: storeError(error, this.#path) });
    // Of a transaction that was only for the tail nobody else would hear.
    if (group.length === 0) this.#internalError(storeError(error, this.#path), "a claim");
    // The tail did not get its turn, and nobody else may ever ask for one.
    if (this.#tail) this.#ports.clock.timer(SETTLE_RETRY_MS, () => this.nudge());
  }

  #later(group: readonly Submitted[], error: unknown): void {
    const now = this.#ports.loop.elapsed();
    this.#busySince ??= now;
    if (now - this.#busySince > BUSY_LIMIT_MS) {
      this.#busySince = undefined;
      this.#refuse([...group, ...this.#queue.splice(0)], error);
      return;
    }
    this.#queue = [...group, ...this.#queue];
    this.#scheduled = true;
    this.#ports.loop.after(2 + this.#ports.random.fraction() * 20, this.#turn);
  }

  #commit(group: readonly Submitted[]): void {
    const { tick, commands } = this.#store;
    const db = this.#db;
    const results: Result<unknown>[] = [];
    let claimed: Claimed | undefined;
    this.#begin.run();
    try {
      this.#ports.fault?.("begin");
      tick.begin(this.#ports.clock.now());
      for (const item of group) results.push(this.#run(commands, item));
      // Before the claim: a batch that stops after a failure must not have its next member claimed in the same breath.
      this.#store.settleBatches();
      const claim = this.#tail?.wanted(tick.effects);
      if (claim) claimed = commands.claim(claim);
      this.#store.conclude();
      this.#ports.point("before-commit");
      this.#ports.fault?.("write");
      this.#commitTx.run();
      this.#ports.fault?.("commit");
    } catch (error) {
      // SQLite may have rolled back by itself (disk full, I/O error).
      if (db.open && db.inTransaction) db.exec("ROLLBACK");
      this.#store.forget();
      throw error;
    }
    this.#ports.point("after-commit");
    // The tail first: what settled in this commit has its slot in it already, and need not ask for another.
    if (claimed) this.#tell(() => this.#tail?.claimed(claimed));
    for (const [i, item] of group.entries()) this.#tell(() => item.done(results[i] as Result<unknown>));
    if (tick.effects.chores) this.#goOn();
    for (const listener of this.#listeners) this.#tell(() => listener(tick.effects));
  }

  /** What is left goes on in the next transaction, between those of others. */
  #goOn(): void {
    if (this.#choring) return;
    this.#choring = true;
    this.post("doChores", null, (result) => {
      this.#choring = false;
      if (!result.ok) this.#internalError(result.error, "what is left of a long change");
    });
  }

  /** What goes wrong after COMMIT is no failure of the commit: its commands would be done a second time. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#internalError(error, "after a commit");
    }
  }

  #run(commands: Commands, item: Submitted): Result<unknown> {
    const run = commands[item.name] as (input: unknown) => unknown;
    if (REFUSES_FIRST.has(item.name) || (item.name === "enqueue" && cannotRefuse(item.input as EnqueueInput)))
      return withoutSavepoint(() => run(item.input));
    const { tick } = this.#store;
    const ended = tick.effects.ended.length;
    const [open, keep, undo] = this.#savepoint;
    open.run();
    try {
      const value = run(item.input);
      keep.run();
      return { ok: true, value };
    } catch (error) {
      if (!(error instanceof JobQueueError)) throw error;
      undo.run();
      keep.run();
      this.#store.forget();
      tick.effects.ended.length = ended;
      return { ok: false, error };
    }
  }
}

/** A refusal is the command's own, for nothing was written before it. A newer schema shows itself while writing, and undoes the transaction. */
function withoutSavepoint(run: () => unknown): Result<unknown> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    if (!(error instanceof JobQueueError) || error.code === "SCHEMA_CHANGED") throw error;
    return { ok: false, error };
  }
}

type EnqueueInput = Parameters<Commands["enqueue"]>[0];

/** Jobs that wait for nothing and carry no idempotency key: whatever could be wrong with them was checked before. */
function cannotRefuse(rows: EnqueueInput): boolean {
  return rows.every((row) => row.after.length === 0 && row.idempotencyKey === undefined);
}

/** The queries with what SQLite says as one of our codes. */
function coded<Queries extends object>(queries: Queries, path: string): Queries {
  const wrapped = Object.entries(queries).map(([name, query]) => [
    name,
    (...input: unknown[]): unknown => {
      try {
        return (query as (...input: unknown[]) => unknown)(...input);
      } catch (error) {
        throw storeError(error, path);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Queries;
}
