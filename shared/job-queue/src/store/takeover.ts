import { MAX_CRASHES } from "../limits.ts";
import { CANCELLED, CONTROL_CANCEL_BATCH, CONTROL_NONE, FAILED, FLAG_INTERRUPT, READY } from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { Suspects } from "./suspects.ts";
import type { StoreContext } from "./tick.ts";

/** How jobs come back from a worker that died, was ended by force, or stopped in order. */
export function takeoverStore(c: StoreContext, ending: Ending, suspects: Suspects) {
  const { db, tick } = c;
  const ofWorker = db.prepare(
    "SELECT id, state, run, run_at, batch, control, crashes, flags FROM bq_job WHERE worker = ? AND state = 1",
  );
  const giveBack = db.prepare(
    "UPDATE bq_job SET state = 0, worker = NULL, fence = fence + 1, control = 0, attempt = attempt - 1, crashes = crashes + ? WHERE id = ?",
  );
  const fenceOf = db.prepare("SELECT control, flags FROM bq_job WHERE id = ? AND fence = ? AND state = 1");
  const markWorker = db.prepare("UPDATE bq_worker SET state = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL");

  function backToReady({ id, run, batch }: { id: number; run: number; batch: number | null }, blamed: number): void {
    giveBack.run(blamed, id);
    tick.jobEvent("released", id, run, READY);
    tick.effects.readied = true;
    // A batch that has stopped in the meantime does not let it start again.
    if (batch !== null) tick.touched.add(batch);
  }

  return {
    commands: {
      /**
       * Takes the jobs of a dead worker back. The caller has seen its lock free; worker ids are never used again, so that cannot become
       * untrue. Two processes may come here for the same worker: the second finds it ended and changes nothing. A crash is blamed on a job that
       * was alone; of several each becomes a suspect. When the worker was `ended` on purpose nobody is to blame.
       */
      takeOver({ worker, ended }: { worker: number; ended: boolean }): { taken: number } {
        if (markWorker.run("dead", tick.now, worker).changes === 0) return { taken: 0 };
        const rows = ofWorker.all(worker) as {
          id: number;
          state: number;
          run: number;
          run_at: number;
          batch: number | null;
          control: number;
          crashes: number;
          flags: number;
        }[];
        const blame = !ended && suspects.onProbation(rows.map(({ id }) => id));
        const blamed = !ended && rows.length === 1 ? 1 : 0;
        for (const row of rows) {
          if (row.control !== CONTROL_NONE) {
            ending.endRow(row, CANCELLED, row.control === CONTROL_CANCEL_BATCH ? "batch" : "user");
          } else if (row.flags & FLAG_INTERRUPT) {
            ending.endRow(row, FAILED, "interrupted", {
              message: "The worker died while this ran, and it is not repeated by itself.",
            });
          } else if (row.crashes + blamed >= MAX_CRASHES) {
            ending.endRow(row, FAILED, "crashed", {
              message: `Its worker died ${row.crashes + 1} times while nothing but this ran.`,
            });
          } else {
            const more = blame && !suspects.isOnProbation(row.id) ? 0 : 1;
            backToReady(row, blamed);
            if (!ended) suspects.accuse(row.id, more);
          }
        }
        return { taken: rows.length };
      },

      /** Gives a job back at an orderly stop: the attempt does not count. False if the attempt was lost before. */
      release(input: { id: number; fence: number }): boolean {
        const row = ending.hot(input.id);
        const current = fenceOf.get(input.id, input.fence) as { control: number; flags: number } | undefined;
        if (!row || !current) return false;
        if (current.control !== CONTROL_NONE)
          ending.endRow(row, CANCELLED, current.control === CONTROL_CANCEL_BATCH ? "batch" : "user");
        else if (current.flags & FLAG_INTERRUPT) {
          ending.endRow(row, FAILED, "interrupted", {
            message: "The worker was stopped while this ran, and it is not repeated by itself.",
          });
        } else {
          backToReady(row, 0);
          suspects.follow(input.id);
        }
        return true;
      },
    },
  };
}
