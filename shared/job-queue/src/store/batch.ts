import { JobQueueError } from "../errors.ts";
import { newSecret, publicId } from "../ids.ts";
import type { BatchPolicy } from "../job.ts";
import { BATCH_SLICE, RERUN_COST } from "../limits.ts";
import {
  BATCH_ACTIVE,
  CHORE_CANCEL,
  CHORE_RERUN,
  CHORE_RERUN_KEEP,
  CHORE_STOP,
  CANCELLED,
  COMPLETED,
  CONTROL_CANCEL,
  FAILED,
  FLAG_EARLIER,
} from "./codes.ts";
import type { ChoreList } from "./chores.ts";
import type { Control } from "./control.ts";
import type { Ending } from "./ending.ts";
import type { EnqueueStore, JobRow } from "./enqueue.ts";
import type { Keys } from "./keys.ts";
import type { Rerun } from "./rerun.ts";
import type { Held } from "./settle.ts";
import type { Stage, Staging } from "./stage.ts";
import type { StoreContext } from "./tick.ts";

export interface MemberRow extends JobRow {
  /** Indexes of members of the same call that must complete first. */
  readonly members: readonly number[];
  /** What makes an added member the same as one added before. */
  readonly identity?: string | undefined;
}

export interface NewBatch {
  readonly label: string | null;
  readonly unit: string | null;
  readonly plugin: string | null;
  readonly policy: BatchPolicy;
  readonly open: boolean;
  readonly priority: number;
  readonly after: readonly (string | number)[];
  readonly origin: string | null;
  readonly principal: string | null;
  readonly conversation: string | null;
  readonly members: readonly MemberRow[];
  /** Members that were staged before, instead of `members`, with their ids. */
  readonly staged?: (Staging & { readonly jobIds: readonly string[] }) | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly hash?: string | undefined;
}

export interface InsertedBatch {
  readonly batchId: string;
  readonly number: number;
  readonly jobIds: readonly string[];
  readonly duplicate: boolean;
}

const RERUN_SLICE = BATCH_SLICE / RERUN_COST;
/** Members removed per transaction. */
const DROPPED_AT_ONCE = 500;

interface BatchRow {
  id: number;
  state: number;
  open: number;
  policy: string;
  run: number;
  control: number;
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  staged: number;
}

export interface BatchParts {
  readonly enqueue: EnqueueStore;
  readonly ending: Ending;
  readonly control: Control;
  readonly again: Rerun;
  readonly chores: ChoreList;
  readonly keys: Keys;
  readonly stage: Stage;
}

export type BatchSlices = Pick<ReturnType<typeof batchStore>, "stopSlice" | "rerunSlice" | "cancelSlice">;

export function batchStore(c: StoreContext, { enqueue, ending, control, again, chores, keys, stage }: BatchParts) {
  const { db, tick } = c;
  const insert = db.prepare(
    `INSERT INTO bq_batch (id, secret, state, open, policy, label, unit, plugin, priority, origin, principal, conversation, staged, created_at)
     VALUES (@id, @secret, 0, @open, @policy, @label, @unit, @plugin, @priority, @origin, @principal, @conversation, @staged, @now)`,
  );
  const find = db.prepare(
    "SELECT id, state, open, policy, run, control, total, completed, failed, cancelled, staged FROM bq_batch WHERE id = ?",
  );
  const close = db.prepare("UPDATE bq_batch SET open = 0 WHERE id = ? AND open = 1");
  const markCancel = db.prepare("UPDATE bq_batch SET control = ?, open = 0 WHERE id = ?");
  const end = db.prepare("UPDATE bq_batch SET state = ?, reason = ?, ended_at = ? WHERE id = ?");
  const going = db.prepare("SELECT id FROM bq_job WHERE batch = ? AND state < 5 AND control = 0 LIMIT +?");
  const waiting = db.prepare("SELECT id FROM bq_job WHERE batch = ? AND state IN (0, 2, 3, 4) LIMIT +?").pluck();
  const failedNow = db
    .prepare(`SELECT 1 FROM bq_job WHERE batch = ? AND state = 6 AND (flags & ${FLAG_EARLIER}) = 0 LIMIT 1`)
    .pluck();
  const planner = db.prepare("SELECT max(state < 5) FROM bq_job WHERE batch = +? AND (flags & 1) = 1").pluck();
  const dependency = db
    .prepare("SELECT 1 FROM bq_job WHERE batch = ? AND state = 7 AND reason = 'dependency' LIMIT 1")
    .pluck();
  const someMembers = db.prepare("SELECT id FROM bq_job WHERE batch = ? LIMIT +?").pluck();
  const ended = db
    .prepare("SELECT id FROM bq_job WHERE batch = +? AND state = +? AND id > +? ORDER BY id LIMIT +?")
    .pluck();
  const marked = db
    .prepare(
      `SELECT id FROM bq_job WHERE batch = +? AND state = +? AND id > +? AND flags & ${FLAG_EARLIER} ORDER BY id LIMIT +?`,
    )
    .pluck();
  const mark = db.prepare(
    `UPDATE bq_job SET flags = flags | ${FLAG_EARLIER} WHERE id IN (SELECT value FROM json_each(?))`,
  );
  const drop = db.prepare("DELETE FROM bq_batch WHERE id = ?");
  const holds = db.prepare("SELECT 1 FROM bq_job WHERE id = ? AND fence = ? AND state = 1").pluck();

  const get = (id: number): BatchRow => {
    const row = find.get(id) as BatchRow | undefined;
    if (!row) throw new JobQueueError("BATCH_NOT_FOUND");
    return row;
  };

  function insertMembers(
    batch: number,
    members: readonly MemberRow[],
    targets: readonly { id: number; state: number }[],
  ): string[] {
    const numbers: number[] = [];
    const ids: string[] = [];
    for (const member of members) {
      const own = member.after.map((ref) => enqueue.target(ref));
      const inside = member.members.map((index) => ({
        id: numbers[index] as number,
        state: ending.hot(numbers[index] as number)?.state ?? 0,
      }));
      const job = enqueue.insert(member, [...targets, ...own, ...inside], batch);
      numbers.push(job.number);
      ids.push(job.id);
    }
    return ids;
  }

  /** Removes up to `most` members, and the batch with the last of them. */
  function dropSlice(id: number, most: number): { readonly dropped: number; readonly more: boolean } {
    const members = someMembers.all(id, most + 1) as number[];
    const more = members.length > most;
    const dropped = more ? most : members.length;
    for (const member of members.slice(0, dropped)) control.drop(member);
    if (!more) drop.run(id);
    return { dropped, more };
  }

  /** Cancels members that have not started; the rest is a chore. */
  function stopSlice(id: number): void {
    const unfolding = stage.unfold(id, BATCH_SLICE);
    const members = waiting.all(id, BATCH_SLICE) as number[];
    if (unfolding || members.length === BATCH_SLICE) chores.put(id, CHORE_STOP);
    for (const member of members) ending.endWaiting(member, CANCELLED, "batch");
  }

  /** Cancels members, asking those that run to stop; the rest is a chore. */
  function cancelSlice(id: number, principal: string | null): void {
    const unfolding = stage.unfold(id, BATCH_SLICE);
    const members = going.all(id, BATCH_SLICE) as { id: number }[];
    if (unfolding || members.length === BATCH_SLICE) chores.put(id, CHORE_CANCEL, { principal });
    for (const job of members) control.cancel(job.id, "batch", principal ?? undefined);
    tick.touched.add(id);
  }

  /** Runs members again that are marked: the failed ones first, because they bring back what was cancelled because of them. */
  function rerunSlice(id: number, kind: number, state: number, at: number): void {
    const members = marked.all(id, state, at, RERUN_SLICE) as number[];
    if (members.length === RERUN_SLICE) chores.put(id, kind, { state, at: members.at(-1) as number });
    else if (state === FAILED) chores.put(id, kind, { state: CANCELLED });
    for (const member of members)
      if (again.firstBroken(member) === undefined) again.rerun(member, kind === CHORE_RERUN_KEEP);
    tick.touched.add(id);
  }

  /** Marks a slice of the members of a state; where the next begins. */
  function markSlice(id: number, state: number, after: number): number | null {
    const members = ended.all(id, state, after, BATCH_SLICE) as number[];
    mark.run(JSON.stringify(members));
    return members.length === BATCH_SLICE ? (members.at(-1) as number) : null;
  }

  /** Throws unless some member can run again. */
  function assertRunnable(id: number): void {
    let held: { member: number; by: number } | undefined;
    for (const state of [FAILED, CANCELLED]) {
      for (let at = 0; ;) {
        const members = ended.all(id, state, at, BATCH_SLICE) as number[];
        for (const member of members) {
          const by = again.firstBroken(member);
          if (by === undefined) return;
          held = { member, by };
        }
        if (members.length < BATCH_SLICE) break;
        at = members.at(-1) as number;
      }
    }
    throw new JobQueueError(
      "INVALID_STATE",
      held === undefined
        ? `Every job of batch #${id} completed; there is nothing to retry.`
        : `#${held.member} waits for #${held.by}, which did not complete. Retry #${held.by}; what waits for it comes back with it.`,
    );
  }

  /**
   * Looks once at each batch whose jobs moved in this transaction: stops it after a failure of its run, closes it when its planning jobs have ended, and
   * ends it when nothing is left. Runs before COMMIT, so that a batch is never seen with all jobs ended and yet active.
   */
  function settleTouched(): void {
    for (const id of tick.touched) {
      tick.touched.delete(id);
      const row = find.get(id) as BatchRow | undefined;
      if (!row || row.state !== BATCH_ACTIVE) continue;
      if (row.policy === "stop" && row.failed > 0 && !chores.has(id, CHORE_STOP) && failedNow.get(id) === 1)
        stopSlice(id);
      if (row.open === 1 && row.staged === 0 && planner.get(id) === 0) {
        close.run(id);
        tick.batchEvent("closed", id, row.run, BATCH_ACTIVE);
      }
      const now = find.get(id) as BatchRow;
      if (now.open === 1 || now.staged > 0 || now.total !== now.completed + now.failed + now.cancelled || chores.any())
        continue;
      const state = now.failed > 0 ? FAILED : now.cancelled > 0 || now.control !== 0 ? CANCELLED : COMPLETED;
      const reason =
        state === COMPLETED
          ? null
          : state === FAILED
            ? "error"
            : now.control !== 0
              ? "user"
              : dependency.get(id) === 1
                ? "dependency"
                : "user";
      end.run(state, reason, tick.now, id);
      tick.batchEvent("ended", id, now.run, state);
      tick.effects.ended.push(id);
      // May touch further batches; the loop sees those too, because a Set yields what is added while it is walked.
      ending.settleDependents(id, state);
    }
  }

  return {
    settleTouched,
    stopSlice,
    rerunSlice,
    cancelSlice,
    commands: {
      createBatch(input: NewBatch): InsertedBatch {
        if (input.idempotencyKey !== undefined && input.hash !== undefined) {
          const known = keys.find("batch", input.idempotencyKey, input.hash);
          if (known?.reply) return { ...(JSON.parse(known.reply) as InsertedBatch), duplicate: true };
        }
        const { staged } = input;
        if (staged) stage.assertWhole(staged);
        const targets = input.after.map((ref) => enqueue.target(ref));
        const id = staged?.batch ?? tick.nextNumber();
        const secret = newSecret(c.random);
        insert.run({
          ...input,
          id,
          secret,
          open: input.open ? 1 : 0,
          now: tick.now,
          members: null,
          staged: staged?.count ?? 0,
          after: null,
          idempotencyKey: null,
          hash: null,
        });
        tick.batchEvent("created", id, 1, BATCH_ACTIVE);
        const jobIds = staged?.jobIds ?? insertMembers(id, input.members, targets);
        tick.touched.add(id);
        const result = { batchId: publicId(id, secret), number: id, jobIds, duplicate: false };
        if (input.idempotencyKey !== undefined && input.hash !== undefined) {
          keys.put("batch", input.idempotencyKey, input.hash, JSON.stringify(result));
        }
        return result;
      },

      /** Null: the attempt that wanted to add them was lost, nothing was changed. */
      addToBatch(input: { id: number; members: readonly MemberRow[]; held?: Held | undefined }): string[] | null {
        if (input.held && holds.get(input.held.id, input.held.fence) === undefined) return null;
        const batch = get(input.id);
        if (batch.state !== BATCH_ACTIVE || batch.open !== 1) {
          throw new JobQueueError("BATCH_CLOSED", `Batch #${input.id} is closed, so no job can be added.`);
        }
        // Of the batch, not of its run: a planning job that is retried finds what it added before.
        const scope = `batch/${input.id}`;
        const ids: string[] = [];
        for (const member of input.members) {
          const known = member.identity === undefined ? undefined : keys.find(scope, member.identity, "");
          const id = known?.reply ?? insertMembers(input.id, [member], [])[0] ?? "";
          if (member.identity !== undefined && !known) keys.put(scope, member.identity, "", id);
          ids.push(id);
        }
        tick.batchEvent("added", input.id, batch.run, BATCH_ACTIVE);
        tick.touched.add(input.id);
        return ids;
      },

      closeBatch(id: number): void {
        const row = get(id);
        if (close.run(id).changes > 0) tick.batchEvent("closed", id, row.run, BATCH_ACTIVE);
        tick.touched.add(id);
      },

      /** `more` says that the rest of it is a chore. */
      cancelBatch(input: { id: number; by?: string | undefined }): { more: boolean } {
        if (get(input.id).state !== BATCH_ACTIVE)
          throw new JobQueueError(
            "INVALID_STATE",
            `Batch #${input.id} has ended already, so there is nothing to cancel.`,
          );
        markCancel.run(CONTROL_CANCEL, input.id);
        cancelSlice(input.id, input.by ?? null);
        return { more: chores.has(input.id, CHORE_CANCEL) };
      },

      /** Before the next run of a large batch, slice by slice: which members it is about. */
      markBatch: (input: { id: number; state: number; after: number }): { next: number | null } => ({
        next: markSlice(input.id, input.state, input.after),
      }),

      /** The next run of a batch: every member that failed or was cancelled runs again. With `mark` nothing was done: a large one is to be marked first. */
      rerunBatch(input: { id: number; keepSteps: boolean; marked: boolean }): { mark: boolean } {
        const { id } = input;
        const row = get(id);
        if (row.state === BATCH_ACTIVE)
          throw new JobQueueError(
            "INVALID_STATE",
            `Batch #${id} is still active; retry its failed jobs one by one, or wait.`,
          );
        assertRunnable(id);
        if (!input.marked) {
          if (row.failed + row.cancelled >= RERUN_SLICE) return { mark: true };
          for (const state of [FAILED, CANCELLED]) markSlice(id, state, 0);
        }
        const kind = input.keepSteps ? CHORE_RERUN_KEEP : CHORE_RERUN;
        rerunSlice(id, kind, FAILED, 0);
        if (!input.marked) {
          chores.remove(id, kind);
          rerunSlice(id, kind, CANCELLED, 0);
        }
        return { mark: false };
      },

      /** One slice of it. `more` says that another call is needed; the batch is there until the last. */
      deleteBatch(id: number): { more: boolean } {
        const row = get(id);
        if (row.state === BATCH_ACTIVE)
          throw new JobQueueError(
            "INVALID_STATE",
            `Batch #${id} is active. Cancel it first; only ended work can be deleted.`,
          );
        return { more: dropSlice(id, DROPPED_AT_ONCE).more };
      },
    },
    dropSlice,
  };
}
