import { JobQueueError } from "../errors.ts";
import {
  CANCELLED,
  COMPLETED,
  CONTROL_CANCEL,
  CONTROL_CANCEL_BATCH,
  CONTROL_NONE,
  FAILED,
  PROCESSING,
  READY,
  REQUEST_DECIDED,
  REQUEST_EXPIRED,
  REQUEST_OPEN,
  WAITING_APPROVAL,
  jobWord,
} from "./codes.ts";
import type { Ending } from "./ending.ts";
import type { Rerun } from "./rerun.ts";
import type { StoreContext } from "./tick.ts";

export type Control = ReturnType<typeof controlStore>;

interface RequestRow {
  id: number;
  job: number;
  run: number;
  choices: string;
  digest: string | null;
  on_reject: string;
  state: number;
  expires_at: number | null;
}

export interface Holder {
  worker: number;
  pid: number;
  processStart: string | null;
  lock: string | null;
  seenAt: number;
  fence: number;
}

/** What people and other processes ask of a job: cancel, decide, run again, delete. */
export function controlStore(c: StoreContext, ending: Ending, again: Rerun) {
  const { db, tick } = c;
  const ask = db.prepare("UPDATE bq_job SET control = ? WHERE id = ? AND state = 1 AND control = 0");
  const control = db.prepare("SELECT control FROM bq_job WHERE id = ?").pluck();
  const holding = db.prepare("SELECT id, fence, control FROM bq_job WHERE worker = ? AND state = 1");
  const fenceOf = db.prepare("SELECT fence FROM bq_job WHERE id = ?").pluck();
  const holderOf = db.prepare(
    `SELECT w.id AS worker, w.pid, w.process_start AS processStart, w.lock, w.seen_at AS seenAt, j.fence
     FROM bq_job j JOIN bq_worker w ON w.id = j.worker WHERE j.id = +? AND j.state = 1`,
  );
  const request = db.prepare(
    "SELECT id, job, run, choices, digest, on_reject, state, expires_at FROM bq_request WHERE id = ?",
  );
  const decide = db.prepare(
    "UPDATE bq_request SET state = ?, choice = ?, comment = ?, principal = ?, interface = ?, decided_at = ? WHERE id = ?",
  );
  const expired = db.prepare(
    "SELECT id, job FROM bq_request WHERE state = 0 AND expires_at IS NOT NULL AND expires_at <= ? LIMIT 500",
  );
  const resume = db.prepare("UPDATE bq_job SET state = 0 WHERE id = ? AND state = 3");
  const batchRun = db.prepare("SELECT run, state FROM bq_batch WHERE id = ?");
  const dropJob = ["bq_job", "bq_body", "bq_result", "bq_progress"].map((t) =>
    db.prepare(`DELETE FROM ${t} WHERE id = ?`),
  );
  const dropOfJob = ["bq_run", "bq_step", "bq_dep", "bq_log", "bq_request", "bq_input"].map((t) =>
    db.prepare(`DELETE FROM ${t} WHERE job = ?`),
  );

  /** Ends a waiting job, or leaves the owner of a running one a note. True if the job ended now. */
  function cancel(id: number, reason: "user" | "batch", by?: string): boolean {
    const row = ending.hot(id);
    if (!row || row.state >= COMPLETED) return false;
    if (row.state === PROCESSING) {
      if (ask.run(reason === "batch" ? CONTROL_CANCEL_BATCH : CONTROL_CANCEL, id).changes > 0) {
        tick.jobEvent("cancelling", id, row.run, PROCESSING);
        tick.effects.controlled = true;
      }
      return false;
    }
    ending.endWaiting(id, CANCELLED, reason, by === undefined ? undefined : { message: `Cancelled by ${by}.` });
    return true;
  }

  function drop(id: number): void {
    for (const statement of dropOfJob) statement.run(id);
    for (const statement of dropJob) statement.run(id);
  }

  return {
    cancel,
    drop,
    queries: {
      /** What this worker holds, with what was asked of each. A running job that is not among them was lost. */
      holding: (worker: number) => holding.all(worker) as { id: number; fence: number; control: number }[],
      /** The worker that runs the job. */
      holderOf: (job: number) => holderOf.get(job) as Holder | undefined,
    },
    commands: {
      cancel(input: { id: number; by?: string | undefined }): { state: number; cancelling: boolean } {
        const row = ending.hot(input.id);
        if (!row) throw new JobQueueError("JOB_NOT_FOUND");
        if (row.state >= COMPLETED) {
          throw new JobQueueError(
            "INVALID_STATE",
            `#${input.id} has ended already (${jobWord(row.state)}), so there is nothing to cancel.`,
          );
        }
        cancel(input.id, "user", input.by);
        const now = ending.hot(input.id)?.state ?? CANCELLED;
        return { state: now, cancelling: now === PROCESSING && control.get(input.id) !== CONTROL_NONE };
      },

      /** With `force`, the fence of an attempt, it takes the job from that attempt's worker. An attempt that is over by now is left alone. */
      rerun(input: { id: number; keepSteps: boolean; force: number | null }): void {
        const row = ending.hot(input.id);
        if (!row) throw new JobQueueError("JOB_NOT_FOUND");
        const force = input.force !== null;
        if (force && (row.state !== PROCESSING || fenceOf.get(input.id) !== input.force)) return;
        if (row.state < COMPLETED) {
          if (!force) {
            throw new JobQueueError(
              "INVALID_STATE",
              `#${input.id} is ${jobWord(row.state)}; only an ended job can run again.`,
            );
          }
          // Its worker holds its lock but does not answer. The end takes the fence away: whatever it still writes changes nothing.
          ending.endRow(row, FAILED, "stalled", {
            message: "Its worker did not answer, and a person took the job from it.",
          });
        }
        again.assertRunnable(input.id, force);
        again.rerun(input.id, input.keepSteps);
      },

      decide(input: {
        id: number;
        choice: string;
        comment?: string | undefined;
        digest?: string | undefined;
        principal?: string | undefined;
        interface?: string | undefined;
      }): void {
        const row = request.get(input.id) as RequestRow | undefined;
        if (!row) throw new JobQueueError("REQUEST_NOT_FOUND");
        if (row.state !== REQUEST_OPEN || (row.expires_at !== null && row.expires_at <= tick.now)) {
          const words = [
            "has expired",
            "was already decided",
            "has expired",
            "is void, because its job went on or ended",
          ] as const;
          throw new JobQueueError("ALREADY_DECIDED", `Request #${input.id} ${words[row.state]}.`);
        }
        const choices = JSON.parse(row.choices) as string[];
        if (!choices.includes(input.choice)) {
          throw new JobQueueError(
            "INVALID_CHOICE",
            `Request #${input.id} offers ${choices.join(", ")}; "${input.choice}" is not one of them.`,
          );
        }
        if (input.digest !== undefined && input.digest !== row.digest) {
          throw new JobQueueError(
            "DIGEST_MISMATCH",
            `Request #${input.id} is about something else than what was shown. Look again.`,
          );
        }
        decide.run(
          REQUEST_DECIDED,
          input.choice,
          input.comment ?? null,
          input.principal ?? null,
          input.interface ?? null,
          tick.now,
          row.id,
        );
        const job = ending.hot(row.job);
        if (job?.state !== WAITING_APPROVAL || job.run !== row.run) return;
        tick.jobEvent("decided", row.job, row.run, WAITING_APPROVAL);
        const remark = input.comment ? `: ${input.comment}` : "";
        if (input.choice === "reject" && row.on_reject === "fail") {
          ending.endWaiting(row.job, FAILED, "rejected", {
            message: `Rejected by ${input.principal ?? "a person"}${remark}.`,
          });
        } else if (input.choice === "cancel" && row.on_reject === "review") {
          ending.endWaiting(row.job, CANCELLED, "user", {
            message: `Cancelled by ${input.principal ?? "a person"}${remark}.`,
          });
        } else {
          resume.run(row.job);
          tick.jobEvent("unblocked", row.job, row.run, READY);
          tick.effects.readied = true;
        }
      },

      expireRequests(_: null): number {
        const rows = expired.all(tick.now) as { id: number; job: number }[];
        for (const row of rows) {
          decide.run(REQUEST_EXPIRED, null, null, null, null, tick.now, row.id);
          ending.endWaiting(row.job, FAILED, "approval_timeout", {
            message: `Nobody decided request #${row.id} in time.`,
          });
        }
        return rows.length;
      },

      deleteJob(id: number): void {
        const row = ending.hot(id);
        if (!row) throw new JobQueueError("JOB_NOT_FOUND");
        if (row.state < COMPLETED)
          throw new JobQueueError(
            "INVALID_STATE",
            `#${id} is ${jobWord(row.state)}. Cancel it first; only ended work can be deleted.`,
          );
        if (row.batch !== null) {
          const batch = batchRun.get(row.batch) as { run: number; state: number } | undefined;
          if (batch)
            throw new JobQueueError("INVALID_STATE", `#${id} belongs to batch #${row.batch}. Delete the batch.`);
        }
        drop(id);
      },
    },
  };
}
