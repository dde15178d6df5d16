import { BATCH_SLICE } from "../limits.ts";
import {
  CHORE_CANCEL,
  CHORE_DEPENDENTS,
  CHORE_RERUN,
  CHORE_RERUN_KEEP,
  CHORE_REVIVE,
  CHORE_STOP,
  COMPLETED,
} from "./codes.ts";
import type { BatchSlices } from "./batch.ts";
import type { Ending } from "./ending.ts";
import type { Rerun } from "./rerun.ts";
import type { StoreContext } from "./tick.ts";

export interface ChoreRow {
  readonly id: number;
  readonly kind: number;
  /** What a kind needs to know: the state in which its subject ended, or of the members that it has come to. */
  readonly state: number;
  /** The last member that was looked at. */
  readonly at: number;
  /** Who asked for it. */
  readonly principal: string | null;
}

export type ChoreList = ReturnType<typeof choreList>;

/**
 * What is left of transactions that would have been long: each does a slice, leaves a row here, and the process goes on with it in its next
 * transaction. The rows are the truth, so after a crash any worker goes on. No batch ends while there are any: one of them may be its own.
 */
export function choreList(c: StoreContext) {
  const { db, tick } = c;
  const put = db.prepare(
    `INSERT INTO bq_chore (id, kind, state, at, principal) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, at = excluded.at, principal = excluded.principal`,
  );
  const first = db.prepare("SELECT id, kind, state, at, principal FROM bq_chore ORDER BY id, kind LIMIT 1");
  const any = db.prepare("SELECT EXISTS (SELECT 1 FROM bq_chore)").pluck();
  const has = db.prepare("SELECT 1 FROM bq_chore WHERE id = ? AND kind = ?").pluck();
  const remove = db.prepare("DELETE FROM bq_chore WHERE id = ? AND kind = ?");
  return {
    put(id: number, kind: number, { state = 0, at = 0, principal }: Partial<Omit<ChoreRow, "id" | "kind">> = {}): void {
      put.run(id, kind, state, at, principal ?? null);
      tick.effects.chores = true;
    },
    first: () => first.get() as ChoreRow | undefined,
    any: (): boolean => any.get() === 1,
    has: (id: number, kind: number): boolean => has.get(id, kind) !== undefined,
    remove: (id: number, kind: number): void => void remove.run(id, kind),
  };
}

export function choreStore(c: StoreContext, chores: ChoreList, ending: Ending, again: Rerun, batches: BatchSlices) {
  const { db, tick } = c;
  const held = db
    .prepare(
      "SELECT id FROM bq_batch WHERE state < 5 AND open = 0 AND staged = 0 AND total = completed + failed + cancelled",
    )
    .pluck();

  function work({ id, kind, state, at, principal }: ChoreRow): void {
    chores.remove(id, kind);
    switch (kind) {
      case CHORE_DEPENDENTS: {
        // One that runs again by now is waited for anew. One that is gone has ended as it says here.
        const now = ending.stateOf(id) ?? state;
        if (now >= COMPLETED) ending.settleDependents(id, now);
        break;
      }
      case CHORE_REVIVE: {
        // Where it failed again what it had broken stays broken.
        const now = ending.stateOf(id);
        if (now !== undefined && now <= COMPLETED) again.revive(id);
        break;
      }
      case CHORE_STOP:
        tick.budget -= BATCH_SLICE;
        batches.stopSlice(id);
        break;
      case CHORE_RERUN:
      case CHORE_RERUN_KEEP:
        tick.budget -= BATCH_SLICE;
        batches.rerunSlice(id, kind, state, at);
        break;
      case CHORE_CANCEL:
        tick.budget -= BATCH_SLICE;
        batches.cancelSlice(id, principal);
        break;
    }
  }

  return {
    commands: {
      /** As much as fits into one transaction. */
      doChores(_: null): { more: boolean } {
        let row = chores.first();
        if (!row) return { more: false };
        for (; row && tick.budget > 0; row = chores.first()) work(row);
        // A claim may have left out what they were about.
        tick.effects.readied = true;
        if (row) tick.effects.chores = true;
        else for (const id of held.all() as number[]) tick.touched.add(id);
        return { more: row !== undefined };
      },
    },
  };
}
