import { realpathSync, statSync } from "node:fs";
import { BatchJobManager } from "./batches.ts";
import { Doorbell } from "./doorbell.ts";
import { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { JobEvents } from "./events.ts";
import { IdempotencyKeys, KeyValueStore } from "./kv.ts";
import { QUEUE_KEYS, assertKeys } from "./known-keys.ts";
import {
  BUSY_LIMIT_MS,
  DEFAULT_CONCURRENCY,
  DEFAULT_GRACE_MS,
  DEFAULT_MAX_BYTES,
  MOST_BYTES,
  SILENT_MS,
} from "./limits.ts";
import { type HeldLock, acquireLock, isHeld } from "./liveness.ts";
import type { QueueOptions } from "./options.ts";
import type { Ports } from "./ports.ts";
import { systemPorts } from "./system-ports.ts";
import { MIGRATIONS } from "./migrations.ts";
import { Requests } from "./requests.ts";
import { type Resolved, resolveRef } from "./resolve.ts";
import { Schedules } from "./schedules.ts";
import { JobQueueService } from "./service.ts";
import { isBusy, migrate, openStoreFile, schemaChanged, storeError, storeRemoved, type Database } from "./sqlite.ts";
import { type Registered, assertShares, milliseconds, oneOf, text, wholeNumber } from "./validate.ts";
import { Watch } from "./watch.ts";
import { JobQueueWorker } from "./worker.ts";

const DAY_MS = 86_400_000;

/** A live worker of the store, in whatever process. Times are milliseconds since the epoch. */
export interface WorkerInfo {
  readonly id: number;
  readonly pid: number;
  readonly state: "running" | "draining" | "stopping";
  /** False when its process holds its lock but has run a job, or left one in line, without a sign of life for a while. */
  readonly answering: boolean;
  readonly fingerprint?: string | undefined;
  readonly concurrency: number;
  readonly startedAt: number;
  readonly seenAt: number;
}

/** How many jobs are in each active state, and how many bytes of the file are used. */
export interface Stats {
  readonly ready: number;
  readonly processing: number;
  readonly delayed: number;
  readonly waiting: number;
  readonly bytes: number;
}

/** The parts of an open queue. */
export interface JobQueue {
  readonly service: JobQueueService;
  readonly worker: JobQueueWorker;
  readonly batches: BatchJobManager;
  readonly events: JobEvents;
  readonly requests: Requests;
  readonly kv: KeyValueStore;
  readonly keys: IdempotencyKeys;
  readonly schedules: Schedules;
  readonly registerHandler: JobQueueService["registerHandler"];
  readonly enqueue: JobQueueService["enqueue"];
  readonly enqueueBatch: BatchJobManager["enqueueBatch"];
  readonly wait: JobQueueService["wait"];
  /** Starts the worker in this process. Without it the queue enqueues, reads, follows and steers. */
  start(): Promise<void>;
  /**
   * Stops the worker: jobs that run get `grace` milliseconds to end, then a second to heed their signal; what is left is given back. Then commits
   * what is under way and closes the store. Waits that are still open are refused with QUEUE_CLOSED. A second call waits for the first.
   */
  stop(options?: { grace?: number }): Promise<void>;
  /** Closes at once without settling anything, as a crash would. For tests of recovery. */
  crash(): void;
  stats(): Promise<Stats>;
  /** Live workers of the store, in all processes. */
  workers(): Promise<WorkerInfo[]>;
  /** What a number, id or the start of an id names; null if nothing. */
  resolve(ref: string | number): Promise<Resolved | null>;
  /** A lock on a name beside the store, held by the kernel for this process until released or dead; null if another holds it. */
  acquireLock(name: string): Promise<HeldLock | null>;
  /** Whether any process holds the lock of that name. */
  isLocked(name: string): Promise<boolean>;
  /** Asks a worker in any process to finish what it runs and end. Does nothing if it ends or has ended. Throws INVALID_OPTION if there never was one. */
  requestDrain(worker: number): Promise<void>;
  /** True when the worker of this process has nothing left to do and is now marked as stopping; then call `stop`. */
  retireIfIdle(): Promise<boolean>;
}

/** What ended work is kept by default: 30 days, a million jobs, 2 GiB. */
export const DEFAULT_RETENTION = { maxAge: 30 * DAY_MS, maxJobs: 1_000_000, maxBytes: 2 * 1024 ** 3 } as const;

/** Opens the store, bringing its schema up to date. Throws STORE_UNREADABLE, STORE_TOO_NEW, STORE_BUSY, SQLITE_TOO_OLD, INVALID_OPTION. */
export async function openJobQueue(options: QueueOptions): Promise<JobQueue> {
  const { path } = options;
  if (typeof path !== "string" || path.length === 0)
    throw new JobQueueError("INVALID_OPTION", 'A queue needs a path (a file, or ":memory:").');
  assertKeys("A queue", options, QUEUE_KEYS);
  const concurrency =
    options.concurrency === undefined
      ? DEFAULT_CONCURRENCY
      : wholeNumber("concurrency", options.concurrency, 1, 100_000);
  const pluginConcurrency = assertShares(options.pluginConcurrency);
  const maxBytes =
    options.maxBytes === undefined ? DEFAULT_MAX_BYTES : wholeNumber("maxBytes", options.maxBytes, 1, MOST_BYTES);
  const grace = options.grace === undefined ? DEFAULT_GRACE_MS : milliseconds("grace", options.grace);
  const durability =
    options.durability === undefined ? "power" : oneOf("durability", options.durability, ["power", "process"]);
  const kept = options.retention ?? {};
  const retention = {
    maxAge: kept.maxAge === undefined ? DEFAULT_RETENTION.maxAge : milliseconds("retention.maxAge", kept.maxAge),
    maxJobs:
      kept.maxJobs === undefined
        ? DEFAULT_RETENTION.maxJobs
        : wholeNumber("retention.maxJobs", kept.maxJobs, 0, Number.MAX_SAFE_INTEGER),
    maxBytes:
      kept.maxBytes === undefined
        ? DEFAULT_RETENTION.maxBytes
        : wholeNumber("retention.maxBytes", kept.maxBytes, 0, Number.MAX_SAFE_INTEGER),
  };
  const ports: Ports = { ...systemPorts, ...options.ports };
  const fingerprint = text("fingerprint", options.fingerprint) ?? undefined;
  const { onInternalError } = options;
  const internalError = (error: unknown, where: string): void => {
    try {
      onInternalError?.(error, where);
    } catch {
      // Nobody is left to tell, and the queue must go on.
    }
  };

  const db = await openPatiently(path, durability, ports);
  // Locks and file events are beside the file itself, whatever link or relative path it was named by and wherever the process goes later.
  const where = path === ":memory:" ? path : realpathSync(path);
  const file = fileOf(where);
  const { createStore } = await import("./store/store.ts");
  const store = createStore(db, { random: ports.random, now: () => ports.clock.now(), maxBytes });
  const engine = new Engine(db, store, ports, path, internalError);
  const watch = new Watch(engine, ports.loop, internalError);
  const handlers = new Map<string, Registered>();
  const batches = new BatchJobManager({ engine, ports, watch, handlers, maxBytes });
  const worker = new JobQueueWorker({
    engine,
    ports,
    grace,
    maxBytes,
    internalError,
    storePath: where,
    concurrency,
    pluginConcurrency,
    fingerprint,
    retention,
    handlers,
    prepareMember: (operation, origin) => batches.prepareMember(operation, origin),
    lookAtStore: () => {
      if (fileOf(where) !== file) cutOff(storeRemoved(path));
    },
  });
  const service = new JobQueueService({
    engine,
    ports,
    watch,
    handlers,
    maxBytes,
    handlersChanged: () => worker.wake(),
    storePath: where,
    ownWorker: () => worker.id,
  });
  const schedules = new Schedules({ engine, ports, handlers, maxBytes, internalError });
  engine.onCommit(() => doorbell.ownCommit());
  const doorbell = new Doorbell(
    db,
    where,
    ports.loop,
    () => {
      const schema = engine.queries.schema();
      if (schema !== MIGRATIONS.length) return cutOff(schemaChanged(schema));
      watch.foreign();
      worker.foreign();
      schedules.runner.foreign();
    },
    internalError,
  );
  // After an upgrade what runs here is taken over by a worker that knows the new schema.
  const cutOff = (error: JobQueueError): void => {
    doorbell.stop();
    schedules.runner.stop();
    engine.refuse(error);
    worker.cutOff();
    watch.foreign();
    internalError(error, "the queue");
  };
  let stopped: Promise<void> | undefined;
  const stop = async (stopping: { grace?: number }): Promise<void> => {
    schedules.runner.stop();
    await worker.stop(stopping);
    doorbell.stop();
    await engine.close();
    watch.close();
  };

  return {
    service,
    worker,
    batches,
    events: new JobEvents(engine, watch, ports.loop, internalError),
    requests: new Requests(engine),
    kv: new KeyValueStore(engine, maxBytes),
    keys: new IdempotencyKeys(engine, maxBytes),
    schedules,
    registerHandler: service.registerHandler.bind(service),
    enqueue: service.enqueue.bind(service),
    enqueueBatch: batches.enqueueBatch.bind(batches),
    wait: service.wait.bind(service),
    async start() {
      await worker.start();
      schedules.runner.start();
    },
    stop: (stopping = {}) => (stopped ??= stop(stopping)),
    crash() {
      schedules.runner.stop();
      doorbell.stop();
      engine.abandon();
      worker.abandon();
    },
    stats: async () => ({ ...engine.queries.counts(), bytes: engine.queries.bytes() }),
    async workers() {
      const silentBefore = ports.clock.now() - SILENT_MS;
      // One that has nothing to do gives no sign of life.
      const idle = (id: number) =>
        engine.queries.holding(id).length === 0 && (engine.queries.readySince() ?? Infinity) > silentBefore;
      return engine.queries
        .workers()
        .filter((row) => row.lock === null || row.id === worker.id || isHeld(where, row.lock))
        .map((row) => ({
          id: row.id,
          pid: row.pid,
          state: row.state as WorkerInfo["state"],
          answering: row.seenAt >= silentBefore || idle(row.id),
          fingerprint: row.fingerprint ?? undefined,
          concurrency: row.concurrency,
          startedAt: row.startedAt,
          seenAt: row.seenAt,
        }));
    },
    resolve: async (ref) => resolveRef(engine, ref),
    acquireLock: async (name) => acquireLock(where, assertLockName(name)) ?? null,
    isLocked: async (name) => isHeld(where, assertLockName(name)),
    async requestDrain(id) {
      await engine.submit("drainWorker", wholeNumber("A worker", id, 1, Number.MAX_SAFE_INTEGER));
    },
    retireIfIdle: () => worker.retireIfIdle(),
  };
}

/** Which file is there now; undefined if none is, and for a store in memory. */
function fileOf(path: string): bigint | undefined {
  return path === ":memory:" ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function assertLockName(name: string): string {
  if (!/^[a-z0-9-]{1,60}$/.test(name))
    throw new JobQueueError("INVALID_OPTION", `"${name}" is not a lock name: use a-z, 0-9 and "-".`);
  return name;
}

/** Several processes may open and migrate at once; they take turns without blocking the event loop. */
async function openPatiently(path: string, durability: "power" | "process", ports: Ports): Promise<Database> {
  const { loop, random } = ports;
  const deadline = loop.elapsed() + BUSY_LIMIT_MS;
  for (;;) {
    let db: Database | undefined;
    try {
      db = openStoreFile(path, durability);
      migrate(db);
      return db;
    } catch (error) {
      db?.close();
      const busy = isBusy(error) || (error instanceof JobQueueError && error.code === "STORE_BUSY");
      if (!busy || loop.elapsed() > deadline) throw storeError(error, path);
      await new Promise<void>((resolve) => loop.after(5 + random.fraction() * 20, resolve));
    }
  }
}
