import { JobQueueError } from "../errors.ts";
import { newSecret, publicId } from "../ids.ts";
import { BATCH_SLICE } from "../limits.ts";
import type { MemberRow } from "./batch.ts";
import type { Ending } from "./ending.ts";
import type { EnqueueStore } from "./enqueue.ts";
import type { Keys } from "./keys.ts";
import type { StoreContext } from "./tick.ts";

/** Staged members whose batch did not come within this time belong to a call that ended half way. */
const ABANDONED_MS = 3_600_000;

/** Numbers that are kept for a large batch: its own, then those of its members in their order. */
export interface Staging {
  readonly batch: number;
  readonly count: number;
}

interface StagedRow extends MemberRow {
  readonly secret: string;
  /** Numbers of jobs and batches outside that it waits for. */
  readonly outside: readonly number[];
}

export type Stage = ReturnType<typeof stageStore>;

/**
 * The members of a large batch, on their way in: written in slices to a table that nobody sees, then made visible by one small transaction with
 * the batch, and made into jobs in slices again, by whoever is there. So a large batch comes whole or not at all, and no transaction is long.
 */
export function stageStore(c: StoreContext, enqueue: EnqueueStore, ending: Ending, keys: Keys) {
  const { db, tick } = c;
  const put = db.prepare("INSERT INTO bq_stage (batch, n, at, row) VALUES (?, ?, ?, ?)");
  const next = db.prepare("SELECT n, row FROM bq_stage WHERE batch = +? ORDER BY n LIMIT +?");
  const remove = db.prepare("DELETE FROM bq_stage WHERE batch = ? AND n <= ?");
  const ends = db.prepare(
    "SELECT (SELECT min(n) FROM bq_stage WHERE batch = +@id) AS first, (SELECT max(n) FROM bq_stage WHERE batch = +@id) AS last",
  );
  const shrink = db.prepare("UPDATE bq_batch SET staged = staged - ? WHERE id = ?");
  const staged = db.prepare("SELECT staged FROM bq_batch WHERE id = ?").pluck();
  const oldest = db.prepare("SELECT id FROM bq_batch WHERE staged > 0 ORDER BY id LIMIT 1").pluck();
  const abandoned = db.prepare(
    `DELETE FROM bq_stage WHERE (batch, n) IN (
       SELECT batch, n FROM bq_stage WHERE at < ? AND batch NOT IN (SELECT id FROM bq_batch WHERE staged > 0) LIMIT ${BATCH_SLICE})`,
  );

  /** Makes up to `most` staged members of a batch into jobs. True if more are left. */
  function unfold(batch: number, most: number): boolean {
    const left = staged.get(batch) as number | undefined;
    if (left === undefined || left === 0) return false;
    const rows = next.all(batch, most) as { n: number; row: string }[];
    for (const { n, row } of rows) {
      const member = JSON.parse(row) as StagedRow;
      const on = [...member.outside, ...member.members.map((index) => batch + 1 + index)];
      // What is gone has ended, and nobody knows how.
      const targets = on.map((id) => ({ id, state: ending.stateOf(id) ?? 7 }));
      enqueue.insert(member, targets, batch, { id: batch + 1 + n, secret: member.secret });
    }
    const last = rows.at(-1);
    if (last) remove.run(batch, last.n);
    shrink.run(rows.length, batch);
    return left > rows.length;
  }

  return {
    unfold,
    /** A slice of the oldest batch that has staged members. True if there is more to do. */
    unfoldSome(): boolean {
      const batch = oldest.get() as number | undefined;
      return batch !== undefined && (unfold(batch, BATCH_SLICE) || oldest.get() !== undefined);
    },
    /** Throws INVALID_STATE if what was staged is no longer whole. */
    assertWhole({ batch, count }: Staging): void {
      const { first, last } = ends.get({ id: batch }) as { first: number | null; last: number | null };
      if (first !== 0 || last !== count - 1)
        throw new JobQueueError("INVALID_STATE", "Preparing the batch took more than an hour. Enqueue it again.");
    },
    commands: {
      /** Keeps numbers for a batch. Null: an earlier call with its idempotency key has made it. */
      stageBatch(input: {
        count: number;
        idempotencyKey: string | undefined;
        hash: string | undefined;
      }): Staging | null {
        const { count, idempotencyKey, hash } = input;
        if (idempotencyKey !== undefined && hash !== undefined) {
          if (keys.find("batch", idempotencyKey, hash)?.reply) return null;
        }
        const batch = tick.nextNumber();
        tick.skipNumbers(count);
        return { batch, count };
      },

      /** The ids of the members, which are jobs only when the batch has come. */
      stageMembers(input: {
        batch: number;
        from: number;
        members: readonly MemberRow[];
        after: readonly (string | number)[];
      }): string[] {
        const all = input.after.map((ref) => enqueue.target(ref).id);
        return input.members.map((member, i) => {
          const n = input.from + i;
          const secret = newSecret(c.random);
          const outside = [...all, ...member.after.map((ref) => enqueue.target(ref).id)];
          put.run(input.batch, n, tick.now, JSON.stringify({ ...member, secret, outside } satisfies StagedRow));
          return publicId(input.batch + 1 + n, secret);
        });
      },

      unfoldBatch: (batch: number): { more: boolean } => ({ more: unfold(batch, BATCH_SLICE) }),

      pruneStage: (_: null): { more: boolean } => ({
        more: abandoned.run(tick.now - ABANDONED_MS).changes === BATCH_SLICE,
      }),
    },
  };
}
