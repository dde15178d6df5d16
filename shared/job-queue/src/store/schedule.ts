import { JobQueueError } from "../errors.ts";
import { COMPLETED, NEEDS_END } from "./codes.ts";
import type { EnqueueStore, Enqueued, JobRow } from "./enqueue.ts";
import type { StoreContext } from "./tick.ts";

export const SCHEDULE_ACTIVE = 0;
export const SCHEDULE_PAUSED = 1;

/** So many firings of a schedule are remembered: a clock set back by less than these does not repeat them. */
const FIRINGS_KEPT = 2_000;

export interface ScheduleRow {
  readonly id: number;
  readonly name: string;
  readonly owner: string | null;
  readonly cron: string | null;
  readonly timezone: string | null;
  readonly every: number | null;
  /** The job to enqueue, as NewJob in JSON. */
  readonly job: string;
  readonly missed: string;
  readonly most: number;
  readonly overlap: string;
  readonly state: number;
  readonly nextAt: number | null;
  readonly lastSlot: number | null;
  readonly lastAt: number | null;
  readonly lastJob: number | null;
  readonly createdAt: number;
}

export type NewSchedule = Omit<ScheduleRow, "id" | "state" | "lastSlot" | "lastAt" | "lastJob" | "createdAt">;

export interface Firing {
  readonly id: number;
  /** The `nextAt` that the caller saw: whoever comes second changes nothing. */
  readonly seen: number;
  readonly nextAt: number | null;
  /** Oldest first; none when all were missed and are not made up for. */
  readonly jobs: readonly { readonly slot: number; readonly row: JobRow }[];
}

const COLUMNS = `s.id, s.name, s.owner, s.cron, s.timezone, s.every, s.job, s.missed, s.most, s.overlap, s.state, s.next_at AS nextAt,
  s.last_slot AS lastSlot, s.last_at AS lastAt, s.last_job AS lastJob, s.created_at AS createdAt`;

/** Recurring enqueues. There are some dozens of them, so lists read them all. */
export function scheduleStore(c: StoreContext, enqueue: EnqueueStore) {
  const { db, tick } = c;
  const byName = db.prepare(`SELECT ${COLUMNS} FROM bq_schedule s WHERE s.name = ?`);
  const byId = db.prepare(`SELECT ${COLUMNS} FROM bq_schedule s WHERE s.id = ?`);
  const all = db.prepare(`SELECT ${COLUMNS} FROM bq_schedule s ORDER BY s.name`);
  const next = db.prepare("SELECT min(next_at) FROM bq_schedule WHERE state = 0").pluck();
  const anyActive = db.prepare("SELECT 1 FROM bq_schedule WHERE state = 0 AND next_at > 0 LIMIT 1").pluck();
  const put = db.prepare(
    `INSERT INTO bq_schedule (name, owner, cron, timezone, every, job, missed, most, overlap, state, next_at, created_at)
     VALUES (@name, @owner, @cron, @timezone, @every, @job, @missed, @most, @overlap, 0, @nextAt, @now)
     ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, timezone = excluded.timezone, every = excluded.every, job = excluded.job,
       missed = excluded.missed, most = excluded.most, overlap = excluded.overlap,
       next_at = CASE WHEN state = 1 THEN NULL WHEN cron IS excluded.cron AND timezone IS excluded.timezone AND every IS excluded.every THEN next_at ELSE excluded.next_at END`,
  );
  const move = db.prepare("UPDATE bq_schedule SET next_at = @nextAt WHERE id = @id AND next_at = @seen AND state = 0");
  const setState = db.prepare("UPDATE bq_schedule SET state = ?, next_at = ? WHERE id = ?");
  const setLast = db.prepare(
    "UPDATE bq_schedule SET last_slot = ?, last_at = ?, last_job = coalesce(?, last_job) WHERE id = ?",
  );
  const addFiring = db.prepare("INSERT OR IGNORE INTO bq_firing (schedule, slot, job, at) VALUES (?, ?, NULL, ?)");
  const setFiring = db.prepare("UPDATE bq_firing SET job = ? WHERE schedule = ? AND slot = ?");
  const fired = db.prepare("SELECT slot FROM bq_firing WHERE schedule = +? AND slot > +? ORDER BY slot").pluck();
  const dropOld = db.prepare(
    `DELETE FROM bq_firing WHERE schedule = +@id AND slot < (SELECT slot FROM bq_firing WHERE schedule = +@id ORDER BY slot DESC LIMIT 1 OFFSET ${FIRINGS_KEPT})`,
  );
  const dropFirings = db.prepare("DELETE FROM bq_firing WHERE schedule = ?");
  const drop = db.prepare("DELETE FROM bq_schedule WHERE id = ?");
  const stateOf = db.prepare("SELECT state FROM bq_job WHERE id = ?").pluck();

  /** The job of the last firing, while it has not ended. */
  function live(job: number | null): { id: number; state: number; mode: number } | undefined {
    if (job === null) return undefined;
    const state = stateOf.get(job) as number | undefined;
    return state === undefined || state >= COMPLETED ? undefined : { id: job, state, mode: NEEDS_END };
  }

  return {
    /** Whether some schedule will come due: then a worker has something to stay for. */
    any: (): boolean => anyActive.get() === 1,
    queries: {
      schedules: () => all.all() as ScheduleRow[],
      schedule: (name: string) => byName.get(name) as ScheduleRow | undefined,
      nextSchedule: () => next.get() as number | null,
      firedAfter: (id: number, slot: number) => fired.all(id, slot) as number[],
    },
    commands: {
      /** Makes or changes a schedule. One whose times stay the same keeps its next one, and a paused one stays paused. */
      putSchedule(input: NewSchedule): void {
        const known = byName.get(input.name) as ScheduleRow | undefined;
        if (known && known.owner !== input.owner) {
          const owner = known.owner === null ? "was made by hand" : `belongs to ${known.owner}`;
          throw new JobQueueError("INVALID_STATE", `The schedule "${input.name}" ${owner}. Use another name.`);
        }
        put.run({ ...input, now: tick.now });
      },
      setScheduleState(input: { id: number; state: number; nextAt: number | null }): void {
        setState.run(input.state, input.nextAt, input.id);
      },
      dropSchedule(id: number): void {
        dropFirings.run(id);
        drop.run(id);
      },
      moveSchedule: (input: { id: number; seen: number; nextAt: number | null }): void => void move.run(input),
      /** Enqueues what came due, exactly once whatever number of processes tries: the first moves the schedule on. */
      fireSchedule(input: Firing): Enqueued[] {
        const schedule = byId.get(input.id) as ScheduleRow | undefined;
        if (!schedule || move.run({ id: input.id, seen: input.seen, nextAt: input.nextAt }).changes === 0) return [];
        const made: Enqueued[] = [];
        let last = schedule.lastJob;
        for (const { slot, row } of input.jobs) {
          // Taken before, by a clock that was set back since.
          if (addFiring.run(input.id, slot, tick.now).changes === 0) continue;
          const before = live(last);
          let job: number | null = null;
          if (schedule.overlap !== "skip" || before === undefined) {
            const targets = schedule.overlap === "queue" && before !== undefined ? [before] : [];
            const enqueued = enqueue.insert(row, targets, null);
            made.push(enqueued);
            last = job = enqueued.number;
            setFiring.run(job, input.id, slot);
          }
          setLast.run(slot, tick.now, job, input.id);
        }
        dropOld.run({ id: input.id });
        return made;
      },
      /** A firing that a person asks for, outside of the times. */
      runSchedule(input: { id: number; row: JobRow }): Enqueued {
        const schedule = byId.get(input.id) as ScheduleRow | undefined;
        if (!schedule) throw new JobQueueError("SCHEDULE_NOT_FOUND", "The schedule was deleted.");
        const before = live(schedule.lastJob);
        if (schedule.overlap === "skip" && before !== undefined) {
          throw new JobQueueError(
            "INVALID_STATE",
            `#${before.id} of the schedule "${schedule.name}" has not ended, and its jobs do not overlap. Wait for it or cancel it.`,
          );
        }
        const targets = schedule.overlap === "queue" && before !== undefined ? [before] : [];
        const made = enqueue.insert(input.row, targets, null);
        setLast.run(schedule.lastSlot, tick.now, made.number, input.id);
        return made;
      },
    },
  };
}
