import { JobQueueError } from "../errors.ts";
import { INPUT_PENDING, INPUT_PENDING_PIECES } from "../limits.ts";
import { COMPLETED, PROCESSING, jobWord } from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { Held } from "./settle.ts";
import type { StoreContext } from "./tick.ts";

/** What an attempt that asks for input gets. */
export type TakenInput =
  | { readonly kind: "piece"; readonly text: string; readonly eof: boolean }
  /** Nothing is there now. */
  | { readonly kind: "none" }
  /** The end of the input was taken before. */
  | { readonly kind: "ended" }
  | { readonly kind: "lost" };

export interface InputRow {
  readonly id: number;
  readonly text: string;
  readonly eof: boolean;
  readonly principal: string | null;
  readonly interface: string | null;
}

interface LastRow {
  readonly n: number;
  readonly eof: number;
}

/** Text for a job's handler. A piece belongs to the run in which it was sent; what a run has not read by its end is read by nobody. */
export function inputStore(c: StoreContext, ending: Ending) {
  const { db, tick } = c;
  const put = db.prepare(
    "INSERT INTO bq_input (job, run, n, at, eof, given, principal, interface, text) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)",
  );
  const last = db.prepare("SELECT n, eof FROM bq_input WHERE job = +? AND run = +? ORDER BY n DESC LIMIT 1");
  const pending = db
    .prepare("SELECT count(*), coalesce(sum(length(text)), 0) FROM bq_input WHERE job = ? AND run = ? AND given = 0")
    .raw();
  const first = db.prepare(
    "SELECT n, eof, text FROM bq_input WHERE job = +? AND run = +? AND given = 0 ORDER BY n LIMIT 1",
  );
  const any = db.prepare("SELECT 1 FROM bq_input WHERE job = ? AND run = ? AND given = 0 LIMIT 1").pluck();
  // The last one given stays, without its text: the next number follows from it, and whether the input has ended.
  const give = db.prepare("UPDATE bq_input SET given = 1, text = '' WHERE job = ? AND run = ? AND n = ?");
  const forget = db.prepare("DELETE FROM bq_input WHERE job = ? AND run = ? AND n < ?");
  const heldRun = db.prepare("SELECT run FROM bq_job WHERE id = ? AND fence = ? AND state = 1").pluck();
  // The fence of the attempt that waits: with the next attempt it is over by itself.
  const setWaits = db
    .prepare("UPDATE bq_job SET waits = ? WHERE id = ? AND fence = ? AND state = 1 RETURNING run")
    .pluck();

  return {
    queries: {
      hasInput: (job: number, run: number): boolean => any.get(job, run) !== undefined,
    },
    commands: {
      /** Returns how many pieces of this run are not read yet. */
      sendInput(input: InputRow): number {
        const row = ending.hot(input.id);
        if (!row) throw new JobQueueError("JOB_NOT_FOUND");
        if (row.state >= COMPLETED)
          throw new JobQueueError(
            "INVALID_STATE",
            `#${input.id} has ended (${jobWord(row.state)}), so it reads no more input.`,
          );
        const before = last.get(row.id, row.run) as LastRow | undefined;
        if (before?.eof === 1)
          throw new JobQueueError("INPUT_CLOSED", `The input of #${input.id} was ended, so no more can be sent.`);
        const [pieces, length] = pending.get(row.id, row.run) as [number, number];
        if (pieces >= INPUT_PENDING_PIECES || length + input.text.length > INPUT_PENDING)
          throw new JobQueueError(
            "INPUT_FULL",
            `#${input.id} has not read ${pieces} pieces of input (${length} characters). Send more when it has.`,
          );
        const n = (before?.n ?? 0) + 1;
        const { principal, text } = input;
        put.run(row.id, row.run, n, tick.now, input.eof ? 1 : 0, principal, input.interface, text);
        if (row.state === PROCESSING) tick.effects.controlled = true;
        return pieces + 1;
      },

      /** Takes the next piece for the attempt that holds the job: a piece is given to one attempt of its run, whatever becomes of that. */
      takeInput(held: Held): TakenInput {
        const run = heldRun.get(held.id, held.fence) as number | undefined;
        if (run === undefined) return { kind: "lost" };
        const piece = first.get(held.id, run) as (LastRow & { text: string }) | undefined;
        if (!piece) {
          const ended = (last.get(held.id, run) as LastRow | undefined)?.eof === 1;
          return { kind: ended ? "ended" : "none" };
        }
        give.run(held.id, run, piece.n);
        forget.run(held.id, run, piece.n);
        return { kind: "piece", text: piece.text, eof: piece.eof === 1 };
      },

      /** False: the attempt was lost, nothing was changed. */
      waitsForInput(input: Held & { waits: boolean }): boolean {
        const run = setWaits.get(input.waits ? input.fence : null, input.id, input.fence) as number | undefined;
        if (run === undefined) return false;
        tick.jobEvent("input", input.id, run, PROCESSING);
        return true;
      },
    },
  };
}
