import { newSecret } from "../ids.ts";
import { LOG_LINES } from "../limits.ts";
import type { EndReason, LogStream, Progress, StoredError } from "../job.ts";
import {
  BLOCKED,
  CANCELLED,
  COMPLETED,
  CONTROL_CANCEL_BATCH,
  CONTROL_NONE,
  DELAYED,
  DEP_MET,
  DEP_OPEN,
  FAILED,
  NEEDS_END,
  READY,
  WAITING_APPROVAL,
} from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { StoreContext } from "./tick.ts";

/** Names the attempt that a write belongs to. */
export interface Held {
  readonly id: number;
  readonly fence: number;
}

export type Outcome =
  | { readonly kind: "complete"; readonly result: string | null }
  | { readonly kind: "fail"; readonly reason: EndReason; readonly error: StoredError }
  | { readonly kind: "again"; readonly delay: number; readonly error: StoredError }
  | { readonly kind: "cancel"; readonly reason: "user" | "batch"; readonly message?: string | undefined }
  /** Run again at this time, without costing a try. `step` marks a sleep that was begun. */
  | { readonly kind: "snooze"; readonly until: number; readonly step?: string | undefined }
  | { readonly kind: "wait"; readonly step: string; readonly on: readonly number[] }
  | { readonly kind: "ask"; readonly request: NewRequest };

export interface NewRequest {
  readonly name: string;
  readonly question: string;
  readonly choices: string;
  readonly details: string | null;
  readonly digest: string | null;
  readonly onReject: "fail" | "return" | "review";
  readonly expiresAt: number | null;
}

export interface StepRow {
  readonly name: string;
  readonly kind: string;
  readonly result: string | null;
  readonly reviews: number;
}

const LOOKED_THROUGH = 10_000;

/** What an attempt that settles knows of its job: it does not change as long as the fence is its own. */
export interface Settling extends Held {
  readonly run: number;
  readonly batch: number | null;
  readonly outcome: Outcome;
}

interface HeldRow {
  id: number;
  state: number;
  run: number;
  run_at: number;
  batch: number | null;
  control: number;
  attempt: number;
}

/** What the holder of an attempt writes. Each statement names id, fence and state: from a lost attempt it changes nothing and says so. */
export function settleStore(c: StoreContext, ending: Ending) {
  const { db, tick } = c;
  const held = db.prepare(
    "SELECT id, state, run, run_at, batch, control, attempt FROM bq_job WHERE id = ? AND fence = ? AND state = 1",
  );
  const end = db.prepare(
    "UPDATE bq_job SET state = ?, reason = ?, ended_at = ?, worker = NULL, control = 0 WHERE id = ? AND fence = ? AND state = 1",
  );
  const leave = db.prepare(
    "UPDATE bq_job SET state = ?, run_at = ?, worker = NULL, fence = fence + 1, attempt = attempt - ? WHERE id = ? AND fence = ? AND state = 1",
  );
  const putProgress = db.prepare(
    `INSERT INTO bq_progress (id, seq, run, current, total, unit, message, details, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seq = excluded.seq, run = excluded.run, current = excluded.current, total = excluded.total, unit = excluded.unit,
       message = excluded.message, details = excluded.details, at = excluded.at`,
  );
  const lastLine = db.prepare("SELECT max(n) FROM bq_log WHERE job = +?").pluck();
  const putLine = db.prepare(
    "INSERT INTO bq_log (job, n, at, run, attempt, stream, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const putStep = db.prepare(
    `INSERT INTO bq_step (job, name, kind, result, reviews, run, attempt, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET kind = excluded.kind, result = excluded.result, reviews = excluded.reviews, run = excluded.run, attempt = excluded.attempt, at = excluded.at`,
  );
  const dropStep = db.prepare("DELETE FROM bq_step WHERE job = ? AND name = ?");
  const steps = db.prepare("SELECT name, kind, result, reviews FROM bq_step WHERE job = ?");
  // What the job depends on stays what must complete, also while its handler waits for it.
  const putDep = db.prepare(
    "INSERT INTO bq_dep (job, on_id, mode, done) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET done = excluded.done",
  );
  const endedAlready = db
    .prepare(
      "SELECT EXISTS (SELECT 1 FROM bq_job WHERE id = @id AND state >= 5) OR EXISTS (SELECT 1 FROM bq_batch WHERE id = @id AND state >= 5)",
    )
    .pluck();
  // What the given jobs and batches wait for in the end; a batch waits for its jobs. Far beyond what is meant, it is not looked at.
  const circle = db
    .prepare(
      `WITH RECURSIVE reach(id) AS (
         SELECT value FROM json_each(@on)
         UNION SELECT d.on_id FROM reach r CROSS JOIN bq_dep d ON d.job = r.id WHERE d.done = 0
         UNION SELECT j.id FROM reach r CROSS JOIN bq_job j ON j.batch = r.id WHERE j.state IN (0, 1, 2, 3, 4)
         LIMIT ${LOOKED_THROUGH})
       SELECT EXISTS (SELECT 1 FROM reach WHERE id = +@job)`,
    )
    .pluck();
  const putRequest = db.prepare(
    `INSERT INTO bq_request (id, secret, job, run, name, question, choices, details, digest, on_reject, state, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
  );

  const find = (input: Held) => held.get(input.id, input.fence) as HeldRow | undefined;

  /** What most attempts come to: one statement says whether the attempt was still held, and whatever was asked of it meanwhile came too late. */
  function complete(input: Settling, result: string | null): boolean {
    if (end.run(COMPLETED, null, tick.now, input.id, input.fence).changes === 0) return false;
    // Also what an earlier try left there: its error is not one of a job that completed.
    if (result !== null) ending.putResult(input.id, result, null);
    else ending.dropResult(input.id);
    ending.finished({ id: input.id, run: input.run, batch: input.batch, wasWaiting: false }, COMPLETED);
    return true;
  }

  function finish(row: HeldRow, input: Held, state: number, reason: EndReason | null, error: StoredError | null): void {
    end.run(state, reason, tick.now, input.id, input.fence);
    if (error !== null) ending.putResult(input.id, null, JSON.stringify(error));
    ending.finished({ id: row.id, run: row.run, batch: row.batch, wasWaiting: false }, state);
  }

  /** Takes the job out of `processing` into a waiting state. `refund` gives the try back. */
  function depart(
    row: HeldRow,
    input: Held,
    state: number,
    runAt: number,
    refund: boolean,
    change: "suspended" | "retrying" | "requested",
  ): void {
    leave.run(state, runAt, refund ? 1 : 0, input.id, input.fence);
    tick.jobEvent(change, row.id, row.run, state);
    if (row.batch !== null) tick.touched.add(row.batch);
    if (state === READY || state === DELAYED) tick.effects.readied = true;
  }

  return {
    queries: {
      steps: (job: number) => steps.all(job) as StepRow[],
    },
    commands: {
      /** False: the attempt was lost, nothing was changed. A cancel that was asked for wins over everything but completion. */
      settle(input: Settling): boolean {
        const { outcome } = input;
        if (outcome.kind === "complete") return complete(input, outcome.result);
        const row = find(input);
        if (!row) return false;
        if (row.control !== CONTROL_NONE && outcome.kind !== "cancel") {
          finish(row, input, CANCELLED, row.control === CONTROL_CANCEL_BATCH ? "batch" : "user", null);
          return true;
        }
        switch (outcome.kind) {
          case "fail":
            finish(row, input, FAILED, outcome.reason, outcome.error);
            break;
          case "cancel": {
            const reason = row.control === CONTROL_CANCEL_BATCH ? "batch" : outcome.reason;
            finish(row, input, CANCELLED, reason, outcome.message === undefined ? null : { message: outcome.message });
            break;
          }
          case "again":
            ending.putResult(input.id, null, JSON.stringify(outcome.error));
            depart(row, input, outcome.delay > 0 ? DELAYED : READY, tick.now + outcome.delay, false, "retrying");
            break;
          case "snooze":
            if (outcome.step !== undefined) {
              putStep.run(row.id, outcome.step, "sleep", String(outcome.until), 0, row.run, row.attempt, tick.now);
            }
            depart(row, input, outcome.until > tick.now ? DELAYED : READY, outcome.until, true, "suspended");
            break;
          case "wait": {
            if (circle.get({ on: JSON.stringify(outcome.on), job: row.id }) === 1) {
              const message = `It waits for ${outcome.on.map((on) => `#${on}`).join(", ")}, which waits for it: in a circle.`;
              finish(row, input, FAILED, "error", { message });
              break;
            }
            putStep.run(row.id, outcome.step, "wait", JSON.stringify(outcome.on), 0, row.run, row.attempt, tick.now);
            let open = false;
            for (const on of outcome.on) {
              const done = endedAlready.get({ id: on }) === 1;
              open ||= !done;
              putDep.run(row.id, on, NEEDS_END, done ? DEP_MET : DEP_OPEN);
            }
            depart(row, input, open ? BLOCKED : READY, tick.now, true, "suspended");
            break;
          }
          case "ask": {
            const { request } = outcome;
            putRequest.run(
              tick.nextNumber(),
              newSecret(c.random),
              row.id,
              row.run,
              request.name,
              request.question,
              request.choices,
              request.details,
              request.digest,
              request.onReject,
              tick.now,
              request.expiresAt,
            );
            depart(row, input, WAITING_APPROVAL, row.run_at, true, "requested");
            tick.effects.waiting.push(row.id);
            if (request.expiresAt !== null) tick.effects.readied = true;
            break;
          }
        }
        return true;
      },

      progress(input: Held & { progress: Progress; details: string | null }): boolean {
        const row = find(input);
        if (!row) return false;
        const p = input.progress;
        putProgress.run(
          row.id,
          tick.nextSeq(),
          row.run,
          p.current,
          p.total ?? null,
          p.unit ?? null,
          p.message ?? null,
          input.details,
          tick.now,
        );
        tick.effects.grew = true;
        return true;
      },

      log(input: Held & { lines: readonly { at: number; stream: LogStream; text: string }[] }): boolean {
        const row = find(input);
        if (!row) return false;
        let n = (lastLine.get(row.id) as number | null) ?? 0;
        for (const line of input.lines) {
          if (n >= LOG_LINES) break;
          const text = ++n < LOG_LINES ? line.text : "The log is full; further lines of this job are not kept.";
          putLine.run(row.id, n, line.at, row.run, row.attempt, line.stream, text);
        }
        tick.effects.grew = true;
        return true;
      },

      step(input: Held & { name: string; result: string | null; kind: string; reviews: number }): boolean {
        const row = find(input);
        if (!row) return false;
        putStep.run(row.id, input.name, input.kind, input.result, input.reviews, row.run, row.attempt, tick.now);
        return true;
      },

      dropStep(input: Held & { name: string }): boolean {
        const row = find(input);
        if (!row) return false;
        dropStep.run(row.id, input.name);
        return true;
      },
    },
  };
}
