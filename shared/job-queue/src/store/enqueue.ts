import { checksumOf } from "../checksum.ts";
import { JobQueueError } from "../errors.ts";
import { newSecret, parseRef, publicId } from "../ids.ts";
import {
  BLOCKED,
  CANCELLED,
  COMPLETED,
  DELAYED,
  DEP_BROKEN,
  DEP_MET,
  DEP_OPEN,
  NEEDS_END,
  NEEDS_SUCCESS,
  READY,
} from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { Keys } from "./keys.ts";
import type { StoreContext } from "./tick.ts";

/** One step of priority is worth this much waiting time, so a job of any priority is reached in bounded time. */
const PRIORITY_MS = 60_000;

/** A job ready to be inserted: validated, serialised, defaults filled in. */
export interface JobRow {
  readonly type: string;
  readonly data: string;
  readonly label: string | null;
  readonly unit: string | null;
  readonly priority: number;
  readonly runAt: number | null;
  readonly delay: number;
  readonly maxAttempts: number;
  readonly timeout: number | null;
  readonly backoff: string | null;
  readonly key: string | null;
  readonly dedup: "skip" | "replace" | "coalesce";
  readonly after: readonly (string | number)[];
  readonly origin: string | null;
  readonly principal: string | null;
  readonly conversation: string | null;
  readonly pluginVersion: string | null;
  readonly handlerVersion: string | null;
  readonly flags: number;
  readonly idempotencyKey?: string | undefined;
  readonly hash?: string | undefined;
}

export interface Enqueued {
  readonly id: string;
  readonly number: number;
  readonly duplicate: boolean;
}

interface Target {
  readonly id: number;
  readonly state: number;
  /** Default: it must complete. */
  readonly mode?: number;
}

interface Twin {
  readonly id: number;
  readonly secret: string;
  readonly state: number;
  readonly begun: number;
}
const NO_TWINS = { waiting: undefined, others: [] as Target[] };

export type EnqueueStore = ReturnType<typeof enqueueStore>;

export function enqueueStore(c: StoreContext, keys: Keys, ending: Ending) {
  const { db, tick } = c;
  const lanes = new Map<string, number>();
  const findLane = db.prepare("SELECT id FROM bq_lane WHERE type = ?").pluck();
  const addLane = db.prepare("INSERT INTO bq_lane (type) VALUES (?)");
  const insertJob = db.prepare(
    `INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts, flags, batch, dkey)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertBody = db.prepare(
    `INSERT INTO bq_body (id, secret, data, label, unit, priority, timeout, backoff, origin, principal, conversation, plugin_version, handler_version, created_at, sum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const findKey = db.prepare(
    `SELECT j.id, b.secret, j.state, j.started_at IS NOT NULL AS begun FROM bq_job j JOIN bq_body b ON b.id = j.id
     WHERE j.lane = +? AND j.dkey = +? AND j.dkey IS NOT NULL AND j.state < 5 ORDER BY j.id`,
  );
  const coalesce = db.prepare("UPDATE bq_body SET data = ?, sum = ?, label = coalesce(?, label) WHERE id = ?");
  const insertDep = db.prepare("INSERT OR IGNORE INTO bq_dep (job, on_id, mode, done) VALUES (?, ?, ?, ?)");
  const findTarget = db.prepare(
    `SELECT j.id, b.secret, j.state FROM bq_job j JOIN bq_body b ON b.id = j.id WHERE j.id = +@id
     UNION ALL SELECT id, secret, state FROM bq_batch WHERE id = +@id`,
  );

  function laneOf(type: string): number {
    const known = lanes.get(type) ?? (findLane.get(type) as number | undefined);
    const lane = known ?? Number(addLane.run(type).lastInsertRowid);
    lanes.set(type, lane);
    return lane;
  }

  /** The number and state of a job or batch that is named as a dependency. Throws before anything was written. */
  function target(ref: string | number): Target {
    const parsed = parseRef(ref);
    const row =
      parsed && (findTarget.get({ id: parsed.number }) as { id: number; secret: string; state: number } | undefined);
    if (!parsed || !row || (parsed.secret !== undefined && !row.secret.startsWith(parsed.secret))) {
      throw new JobQueueError("JOB_NOT_FOUND", `Nothing with the id "${ref}" exists, so no job can wait for it.`);
    }
    return row;
  }

  /** Inserts one job that has passed every check. `targets` are what it waits for; `given` is the name it was promised. */
  function insert(
    row: JobRow,
    targets: readonly Target[],
    batch: number | null,
    given?: { id: number; secret: string },
  ): Enqueued {
    const id = given?.id ?? tick.nextNumber();
    const secret = given?.secret ?? newSecret(c.random);
    const runAt = row.runAt ?? tick.now + row.delay;
    let state = runAt > tick.now ? DELAYED : READY;
    let broken = false;
    for (const on of targets) {
      const done = on.state < COMPLETED ? DEP_OPEN : on.state === COMPLETED ? DEP_MET : DEP_BROKEN;
      if (done === DEP_OPEN) state = BLOCKED;
      if (done === DEP_BROKEN) broken = true;
      insertDep.run(id, on.id, on.mode ?? NEEDS_SUCCESS, done);
    }
    const sort = runAt + row.priority * PRIORITY_MS;
    insertJob.run(id, laneOf(row.type), state, sort, runAt, row.maxAttempts, row.flags, batch, row.key);
    insertBody.run(
      id,
      secret,
      row.data,
      row.label,
      row.unit,
      row.priority,
      row.timeout,
      row.backoff,
      row.origin,
      row.principal,
      row.conversation,
      row.pluginVersion,
      row.handlerVersion,
      tick.now,
      checksumOf(row.data),
    );
    tick.jobEvent("enqueued", id, 1, state);
    if (batch !== null) tick.touched.add(batch);
    if (broken) ending.endWaiting(id, CANCELLED, "dependency");
    else if (state !== BLOCKED) tick.effects.readied = true;
    return { id: publicId(id, secret), number: id, duplicate: false };
  }

  /** Enqueues one job: idempotency key first, then the dedup key, then a new row. */
  function one(row: JobRow): Enqueued {
    if (row.idempotencyKey !== undefined && row.hash !== undefined) {
      const known = keys.find("enqueue", row.idempotencyKey, row.hash);
      if (known?.reply) return { ...(JSON.parse(known.reply) as Enqueued), duplicate: true };
    }
    const targets = row.after.map(target);
    if (row.key !== null && row.dedup === "replace") replace(row.type, row.key);
    const { waiting, others } = row.key === null ? NO_TWINS : twins(row.type, row.key);
    const result = (waiting && deduplicated(row, waiting)) ?? insert(row, [...targets, ...others], null);
    if (row.idempotencyKey !== undefined && row.hash !== undefined) {
      keys.put("enqueue", row.idempotencyKey, row.hash, JSON.stringify(result));
    }
    return result;
  }

  /**
   * Active jobs of the same type and key: the first that waits, and all others, after which a new one starts whatever becomes of them. One that
   * sleeps, waits or is to be tried again has begun: to end or change it half way would lose work.
   */
  function twins(type: string, key: string): { waiting: Twin | undefined; others: Target[] } {
    const rows = findKey.all(laneOf(type), key) as Twin[];
    const waiting = rows.find((row) => row.begun === 0);
    return { waiting, others: rows.filter((row) => row !== waiting).map((row) => ({ ...row, mode: NEEDS_END })) };
  }

  /** Ends all that wait: a retry, or a job that was taken by force, may have left several. */
  function replace(type: string, key: string): void {
    for (const { id, begun } of findKey.all(laneOf(type), key) as Twin[])
      if (begun === 0) ending.endWaiting(id, CANCELLED, "replaced");
  }

  function deduplicated(row: JobRow, waiting: Twin): Enqueued {
    if (row.dedup === "coalesce") coalesce.run(row.data, checksumOf(row.data), row.label, waiting.id);
    return { id: publicId(waiting.id, waiting.secret), number: waiting.id, duplicate: true };
  }

  return {
    laneOf,
    target,
    insert,
    insertDep: (job: number, on: number, mode: number, done: number) => void insertDep.run(job, on, mode, done),
    /** After a rollback a lane that was added in it does not exist. */
    forgetLanes: () => lanes.clear(),
    commands: {
      enqueue: (rows: readonly JobRow[]): Enqueued[] => rows.map(one),
    },
  };
}
