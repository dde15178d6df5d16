import { checksumOf } from "../checksum.ts";
import type { EndReason, StoredError } from "../job.ts";
import {
  BLOCKED,
  CHORE_DEPENDENTS,
  COMPLETED,
  DELAYED,
  DEP_BROKEN,
  DEP_MET,
  NEEDS_END,
  PROCESSING,
  READY,
  WAITING_APPROVAL,
} from "./codes.ts";
import type { ChoreList } from "./chores.ts";
import type { StoreContext } from "./tick.ts";

export type Ending = ReturnType<typeof endingStore>;

interface HotRow {
  id: number;
  state: number;
  run: number;
  run_at: number;
  batch: number | null;
}

/** The end of a run, and all that follows from it in the same transaction: its event, its dependents, its open questions, its batch. */
export function endingStore(c: StoreContext, chores: ChoreList) {
  const { db, tick } = c;
  const hot = db.prepare("SELECT id, state, run, run_at, batch FROM bq_job WHERE id = ?");
  const end = db.prepare(
    "UPDATE bq_job SET state = ?, reason = ?, ended_at = ?, worker = NULL, control = 0, fence = fence + 1 WHERE id = ?",
  );
  const putResult = db.prepare(
    "INSERT INTO bq_result (id, result, error, sum) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET result = excluded.result, error = excluded.error, sum = excluded.sum",
  );
  const state = db
    .prepare("SELECT state FROM bq_job WHERE id = @id UNION ALL SELECT state FROM bq_batch WHERE id = @id")
    .pluck();
  const dropResult = db.prepare("DELETE FROM bq_result WHERE id = ?");
  const openDeps = db.prepare("SELECT job, mode FROM bq_dep WHERE on_id = ? AND done = 0 LIMIT +?");
  const markDep = db.prepare("UPDATE bq_dep SET done = ? WHERE job = ? AND on_id = ?");
  const unmetDep = db.prepare("SELECT 1 FROM bq_dep WHERE job = ? AND done = 0 LIMIT 1").pluck();
  const unblock = db.prepare("UPDATE bq_job SET state = ? WHERE id = ? AND state = 4");
  const voidRequests = db.prepare("UPDATE bq_request SET state = 3 WHERE job = ? AND state = 0");

  // A worklist instead of recursion: a chain of dependents may be as long as a batch is large.
  const work: { id: number; state: number }[] = [];
  let draining = false;

  function settleDependents(id: number, state: number): void {
    work.push({ id, state });
    if (draining) return;
    draining = true;
    try {
      // By index: shifting a long array moves all of it.
      for (let i = 0; i < work.length; i++) {
        const next = work[i] as (typeof work)[number];
        const waiting = openDeps.all(next.id, Math.max(1, tick.budget)) as { job: number; mode: number }[];
        if (waiting.length === 0) continue;
        const now = waiting.slice(0, Math.max(0, tick.budget));
        tick.budget -= now.length;
        if (tick.budget <= 0) chores.put(next.id, CHORE_DEPENDENTS, { state: next.state });
        for (const dep of now) {
          const met = dep.mode === NEEDS_END || next.state === COMPLETED;
          markDep.run(met ? DEP_MET : DEP_BROKEN, dep.job, next.id);
          if (met) release(dep.job);
          else
            endWaiting(dep.job, 7, "dependency", {
              message: `#${next.id}, which this job waited for, did not complete.`,
            });
        }
      }
    } finally {
      draining = false;
      work.length = 0;
    }
  }

  /** Lets a blocked job go on if nothing is left that it waits for. */
  function release(id: number): void {
    const row = hot.get(id) as HotRow | undefined;
    if (row?.state !== BLOCKED || unmetDep.get(id) !== undefined) return;
    const state = row.run_at > tick.now ? DELAYED : READY;
    unblock.run(state, id);
    tick.jobEvent("unblocked", id, row.run, state);
    tick.effects.readied = true;
  }

  /** Called once the row says that the run has ended. */
  function finished(row: { id: number; run: number; batch: number | null; wasWaiting: boolean }, state: number): void {
    tick.jobEvent("ended", row.id, row.run, state);
    tick.effects.ended.push(row.id);
    if (row.wasWaiting) voidRequests.run(row.id);
    if (row.batch !== null) tick.touched.add(row.batch);
    settleDependents(row.id, state);
  }

  /** Ends a job that is not running. Does nothing if it runs or has ended already. */
  function endWaiting(id: number, state: number, reason: EndReason, error?: StoredError): boolean {
    const row = hot.get(id) as HotRow | undefined;
    if (!row || row.state === PROCESSING || row.state >= COMPLETED) return false;
    endRow(row, state, reason, error);
    return true;
  }

  /** Ends a job in any active state. The caller has made sure that it may. */
  function endRow(row: HotRow, state: number, reason: EndReason | null, error?: StoredError): void {
    end.run(state, reason, tick.now, row.id);
    if (error) putResult.run(row.id, null, JSON.stringify(error), null);
    if (row.state === PROCESSING) tick.effects.controlled = true;
    finished({ ...row, wasWaiting: row.state === WAITING_APPROVAL }, state);
  }

  return {
    finished,
    endWaiting,
    endRow,
    release,
    settleDependents,
    putResult: (id: number, result: string | null, error: string | null) =>
      void putResult.run(id, result, error, checksumOf(result)),
    /** Of a job or batch. */
    stateOf: (id: number) => state.get({ id }) as number | undefined,
    dropResult: (id: number): void => void dropResult.run(id),
    hot: (id: number) => hot.get(id) as HotRow | undefined,
  };
}
