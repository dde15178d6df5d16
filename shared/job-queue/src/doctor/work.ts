// What is stuck in a store that can be read.
import { SILENT_MS } from "../limits.ts";
import { isHeld } from "../liveness.ts";
import { type Database } from "../sqlite.ts";
import type { Finding } from "./index.ts";
import {
  type WorkerRow,
  endlessBatches,
  newestTime,
  pausedNames,
  readySince,
  requestsExpiredBefore,
  waitingTypes,
  workersOf,
} from "./sql.ts";

const LONG_MS = 3_600_000;
/** Clocks of one machine agree better than this. */
const SLACK_MS = 60_000;
/** A clock before this was never set: the year in which this was written. */
const UNSET = Date.UTC(2026, 0, 1);

export interface Known {
  readonly now: number;
  /** Whether some handler exists for a type; undefined where that is not known. */
  readonly hasHandler?: ((type: string) => boolean | undefined) | undefined;
}

export function workFindings(db: Database, path: string, known: Known): Finding[] {
  const workers = workersOf(db);
  const alive = workers.filter(({ lock }) => lock === null || isHeld(path, lock));
  return [
    ...workerFindings(workers, alive, known.now),
    waitingFinding(db, alive.length, known.now),
    handlerFinding(db, known),
    batchFinding(db),
    requestFinding(db, known.now),
    clockFinding(db, known.now),
  ].flat();
}

function workerFindings(workers: readonly WorkerRow[], alive: readonly WorkerRow[], now: number): Finding[] {
  const check = "workers";
  const dead = workers.filter((worker) => !alive.includes(worker) && worker.holding > 0);
  const silent = alive.filter(({ holding, seenAt }) => holding > 0 && now - seenAt > SILENT_MS);
  const found: Finding[] = [
    ...dead.map(({ pid, holding }): Finding => {
      const message = `process ${pid} died with ${holding} ${holding === 1 ? "job" : "jobs"} that no worker has taken over yet`;
      return { check, level: "warn", message, next: "Start a worker: it takes them over at once." };
    }),
    ...silent.map(({ pid, holding, seenAt }): Finding => {
      const message = `process ${pid} has ${holding} ${holding === 1 ? "job" : "jobs"} and has not answered for ${Math.round((now - seenAt) / 1000)} s`;
      return {
        check,
        level: "warn",
        message,
        next: "Wait if it only is busy; else retry one of its jobs by force, which ends it.",
      };
    }),
  ];
  return found.length > 0
    ? found
    : [{ check, level: "ok", message: alive.length === 0 ? "none runs" : `${alive.length} alive` }];
}

function waitingFinding(db: Database, workers: number, now: number): Finding {
  const check = "waiting work";
  const late = readySince(db, now - LONG_MS);
  const paused = pausedNames(db);
  const held = paused.length === 0 ? "" : `; paused: ${paused.join(", ")}`;
  if (late === 0) return { check, level: "ok", message: `nothing has waited for an hour${held}` };
  const message = `${late === 10_000 ? "10 000 or more" : late} ${late === 1 ? "job" : "jobs"} could have started an hour ago or earlier${held}`;
  const next =
    workers === 0
      ? "Start a worker."
      : paused.length > 0
        ? "Unpause what may go on."
        : "Give the worker more concurrency, or look for a limit of the type.";
  return { check, level: "warn", message, next };
}

function handlerFinding(db: Database, { hasHandler }: Known): Finding {
  const check = "handlers";
  if (hasHandler === undefined) return { check, level: "ok", message: "not looked up" };
  const without = waitingTypes(db).filter(({ type }) => hasHandler(type) === false);
  if (without.length === 0) return { check, level: "ok", message: "every waiting job has one" };
  const named = without.map(({ type, jobs }) => `${type} (${jobs})`).join(", ");
  const next = "Load the plugin that has them again, or cancel the jobs.";
  return { check, level: "warn", message: `waiting jobs without a handler: ${named}`, next };
}

function batchFinding(db: Database): Finding {
  const check = "batches";
  const endless = endlessBatches(db);
  if (endless.length === 0) return { check, level: "ok", message: "every active one has work left" };
  const named = endless.map(({ id, open }) => `#${id}${open === 1 ? " (open)" : ""}`).join(", ");
  const next = "Close open ones or cancel them.";
  return { check, level: "warn", message: `batches that nothing will end: ${named}`, next };
}

function requestFinding(db: Database, now: number): Finding {
  const check = "requests";
  const expired = requestsExpiredBefore(db, now - SLACK_MS);
  if (expired.length === 0) return { check, level: "ok", message: "none has expired unnoticed" };
  const message = `expired, and their jobs not yet told: ${expired.map((id) => `#${id}`).join(", ")}`;
  return { check, level: "warn", message, next: "Start a worker: it settles them at once." };
}

function clockFinding(db: Database, now: number): Finding {
  const check = "clock";
  const newest = newestTime(db);
  const next = "Set the machine's clock; delayed jobs and schedules go by it.";
  if (now < UNSET) return { check, level: "error", message: `it says ${new Date(now).toISOString()}`, next };
  if (newest !== null && newest > now + SLACK_MS) {
    const message = `the store has seen ${new Date(newest).toISOString()}, and now it is ${new Date(now).toISOString()}: the clock was set back`;
    return { check, level: "warn", message, next };
  }
  return { check, level: "ok", message: new Date(now).toISOString() };
}
