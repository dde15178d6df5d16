import { JobQueueError } from "../errors.ts";
import { BLOCKED, CHORE_REVIVE, COMPLETED, DEP_MET, DEP_OPEN, FLAG_EARLIER, FLAG_PLANNER, READY } from "./codes.ts";
import { RERUN_COST } from "../limits.ts";
import type { ChoreList } from "./chores.ts";
import type { Ending } from "./ending.ts";
import type { StoreContext } from "./tick.ts";

export type Rerun = ReturnType<typeof rerunStore>;

/** The next run of what has ended. */
export function rerunStore(c: StoreContext, ending: Ending, chores: ChoreList) {
  const { db, tick } = c;
  const archive = db.prepare(
    `INSERT OR REPLACE INTO bq_run (job, run, state, reason, result, error, started_at, ended_at)
     SELECT j.id, j.run, j.state, j.reason, r.result, r.error, j.started_at, j.ended_at FROM bq_job j LEFT JOIN bq_result r ON r.id = j.id WHERE j.id = +?`,
  );
  const restartRow = db.prepare(
    `UPDATE bq_job SET state = ?, run = run + 1, attempt = 0, crashes = 0, fence = fence + 1, control = 0, worker = NULL, reason = NULL,
       started_at = NULL, ended_at = NULL, run_at = ?, flags = flags & ~${FLAG_EARLIER} WHERE id = ? RETURNING run`,
  );
  const dropResult = db.prepare("DELETE FROM bq_result WHERE id = ?");
  const dropProgress = db.prepare("DELETE FROM bq_progress WHERE id = ?");
  const dropSteps = db.prepare("DELETE FROM bq_step WHERE job = ?");
  const dropInput = db.prepare("DELETE FROM bq_input WHERE job = ?");
  const dropOwnWaits = db.prepare("DELETE FROM bq_dep WHERE job = ? AND mode = 1");
  const putOwnWait = db.prepare("INSERT OR IGNORE INTO bq_dep (job, on_id, mode, done) VALUES (?, ?, 1, 0)");
  const openPlanned = db.prepare("UPDATE bq_batch SET open = 1 WHERE id = ? AND state < 5");
  const keyOf = db.prepare("SELECT lane, dkey, flags FROM bq_job WHERE id = ?");
  const activeTwins = db.prepare(
    "SELECT id, started_at IS NOT NULL AS begun FROM bq_job WHERE lane = +? AND dkey = +? AND dkey IS NOT NULL AND state < 5 ORDER BY id",
  );
  const brokenBy = db.prepare(
    `SELECT d.job FROM bq_dep d JOIN bq_job j ON j.id = d.job WHERE d.on_id = +? AND d.done = 2 AND j.state = 7 AND j.reason = 'dependency' LIMIT +?`,
  );
  const depsOf = db.prepare("SELECT on_id, done FROM bq_dep WHERE job = ? AND mode = 0");
  const setDep = db.prepare("UPDATE bq_dep SET done = ? WHERE job = ? AND on_id = ?");
  const stateOf = db
    .prepare("SELECT state FROM bq_job WHERE id = @id UNION ALL SELECT state FROM bq_batch WHERE id = @id")
    .pluck();
  const reopenBatch = db.prepare(
    "UPDATE bq_batch SET state = 0, run = run + 1, control = 0, reason = NULL, ended_at = NULL, started_at = NULL WHERE id = ? AND state >= 5 RETURNING run",
  );
  const markFailed = db.prepare(
    `UPDATE bq_job SET flags = flags | ${FLAG_EARLIER} WHERE batch = ? AND state = 6 AND (flags & ${FLAG_EARLIER}) = 0`,
  );

  /** The next run of an ended job. Jobs that were cancelled because of it come back with it, and so do those after them. */
  const rerun = (id: number, keepSteps: boolean): void => restart([{ id, keepSteps }]);

  /** The rest of those that were cancelled because of it. */
  const revive = (id: number): void => restart(broken(id));

  // A worklist instead of recursion: a chain of dependents may be as long as a batch is large.
  function restart(again: { id: number; keepSteps: boolean }[]): void {
    for (let i = 0; i < again.length; i++) {
      const { id: next, keepSteps: keep } = again[i] as (typeof again)[number];
      const row = ending.hot(next);
      if (!row || row.state < COMPLETED) continue;
      restartJob(next, keep);
      again.push(...broken(next));
      if (row.batch === null) continue;
      tick.touched.add(row.batch);
      if (reopen(row.batch, next)) again.push(...broken(row.batch));
    }
  }

  /** Jobs that were cancelled because this one did not complete, as many as this transaction may move. */
  function broken(on: number): { id: number; keepSteps: boolean }[] {
    const most = Math.max(0, Math.ceil(tick.budget / RERUN_COST));
    const rows = brokenBy.all(on, Math.max(1, most)) as { job: number }[];
    if (rows.length === 0) return [];
    const now = rows.slice(0, most);
    tick.budget -= now.length * RERUN_COST;
    if (tick.budget <= 0) chores.put(on, CHORE_REVIVE);
    for (const { job } of now) setDep.run(DEP_OPEN, job, on);
    // Another dependency that failed holds it back: it comes back with the last of them.
    return now.filter(({ job }) => firstBroken(job) === undefined).map(({ job }) => ({ id: job, keepSteps: true }));
  }

  function restartJob(id: number, keepSteps: boolean): void {
    archive.run(id);
    dropResult.run(id);
    dropProgress.run(id);
    dropInput.run(id);
    if (!keepSteps) dropSteps.run(id);
    dropOwnWaits.run(id);
    let blocked = false;
    for (const dep of depsOf.all(id) as { on_id: number; done: number }[]) {
      const on = stateOf.get({ id: dep.on_id }) as number | undefined;
      const done = on !== undefined && on < COMPLETED ? DEP_OPEN : DEP_MET;
      if (done !== dep.done) setDep.run(done, id, dep.on_id);
      blocked ||= done === DEP_OPEN;
    }
    for (const twin of twinsOf(id)) {
      putOwnWait.run(id, twin.id);
      blocked = true;
    }
    const state = blocked ? BLOCKED : READY;
    const { run } = restartRow.get(state, tick.now, id) as { run: number };
    tick.jobEvent("rerun", id, run, state);
    tick.effects.readied = true;
  }

  /** The next run of an ended batch; true if there is one. A planning job that runs again may add jobs again. */
  function reopen(batch: number, job: number): boolean {
    const next = reopenBatch.get(batch) as { run: number } | undefined;
    if (next) {
      tick.batchEvent("rerun", batch, next.run, READY);
      markFailed.run(batch);
    }
    if ((keyOf.get(job) as { flags: number }).flags & FLAG_PLANNER) openPlanned.run(batch);
    return next !== undefined;
  }

  /** Active jobs of the same type and key as an ended one. */
  function twinsOf(id: number): { id: number; begun: number }[] {
    const { lane, dkey } = keyOf.get(id) as { lane: number; dkey: string | null };
    return dkey === null ? [] : (activeTwins.all(lane, dkey) as { id: number; begun: number }[]);
  }

  /** A dependency that has ended without completing. */
  function firstBroken(id: number): number | undefined {
    return (depsOf.all(id) as { on_id: number }[]).find(
      (dep) => ((stateOf.get({ id: dep.on_id }) as number | undefined) ?? COMPLETED) > COMPLETED,
    )?.on_id;
  }

  function assertRunnable(id: number, force: boolean): void {
    const broken = firstBroken(id);
    if (broken !== undefined) {
      throw new JobQueueError(
        "INVALID_STATE",
        `#${id} waits for #${broken}, which did not complete. Retry #${broken}; #${id} comes back with it.`,
      );
    }
    // Taken by force it starts after its successor, which waits for it no longer.
    const waiting = force ? undefined : twinsOf(id).find((twin) => twin.begun === 0);
    if (waiting) {
      throw new JobQueueError("INVALID_STATE", `#${waiting.id} has the same key as #${id} and waits already.`);
    }
  }

  return { rerun, revive, firstBroken, assertRunnable };
}
