// What must hold after a storm: the store is compared with what its clients were told and with what its workers did.
import { join } from "node:path";
import { type JobQueue, openJobQueue } from "../src/index.ts";
import { sqlite } from "./figures.ts";
import { readLedger } from "./ledger.ts";

/** Each must be 0. */
export interface Wrong {
  /** Acknowledged, and not in the store. */
  missing: number;
  unended: number;
  endedTwice: number;
  changedAfterEnd: number;
  /** Attempts that began while another one of the job could still run. */
  overlapping: number;
  completedWithoutRunning: number;
  /** Results that are not of the attempt that began last. */
  staleWrites: number;
  batchCounts: number;
  batchesUnended: number;
  integrity: number;
}

interface Counts {
  readonly acknowledged: number;
  readonly jobs: number;
  readonly attempts: number;
  readonly batches: number;
  /** Ended because their worker died too often while it ran nothing else. */
  readonly crashed: number;
}

export interface Inspected {
  readonly counts: Counts;
  /** Milliseconds from a kill until a job that was held came back, and until it began again. */
  readonly takeovers: readonly number[];
  readonly restarts: readonly number[];
  readonly wrong: Wrong;
}

export interface InspectOptions {
  /** Milliseconds to wait for the first job that has not ended; the workers that live go on meanwhile. */
  readonly patience?: number;
  /** Of the store; beside the ledgers by default. */
  readonly path?: string;
}

type Numbers = readonly number[];

/** Waits until all that is acknowledged has ended, then compares. Nothing may kill or stop processes meanwhile. */
export async function inspect(folder: string, options: InspectOptions = {}): Promise<Inspected> {
  const { patience = 120_000, path = join(folder, "storm.db") } = options;
  const acknowledged = readLedger(join(folder, "acknowledged"));
  const named = (wanted: string) => [
    ...new Set(acknowledged.flatMap(([kind, number]) => (kind === wanted ? [Number(number)] : []))),
  ];
  const wrong: Wrong = {
    missing: 0,
    unended: 0,
    endedTwice: 0,
    changedAfterEnd: 0,
    overlapping: 0,
    completedWithoutRunning: 0,
    staleWrites: 0,
    batchCounts: 0,
    batchesUnended: 0,
    integrity: 0,
  };
  const queue = await openJobQueue({ path, durability: "process" });
  await drain(queue, patience);
  // Read after the last attempt has ended.
  const ran = readLedger(join(folder, "ran"));
  const attempts = followAttempts(ran, wrong);
  const jobs = named("J");
  let crashed = 0;
  for (const number of jobs) {
    const job = await queue.service.getStatus(number);
    if (!job) wrong.missing += 1;
    else if (job.endedAt === undefined) wrong.unended += 1;
    else if (job.reason === "crashed") crashed += 1;
    if (job?.state !== "completed") continue;
    const last = attempts.last.get(number);
    if (!last?.ended) wrong.completedWithoutRunning += 1;
    else if (last.mark !== job.result) wrong.staleWrites += 1;
  }
  const batches = named("B");
  for (const number of batches) await checkBatch(queue, number, wrong);
  const releases = await checkJournal(queue, wrong);
  const { count } = await queue.service.count({});
  await queue.stop();
  const db = new (sqlite())(path);
  if (db.pragma("integrity_check", { simple: true }) !== "ok") wrong.integrity += 1;
  const rows = db.prepare("SELECT count(*) FROM bq_job").pluck().get() as number;
  db.close();
  return {
    counts: {
      acknowledged: jobs.length,
      jobs: Math.max(count, rows),
      attempts: attempts.count,
      batches: batches.length,
      crashed,
    },
    takeovers: takeovers(attempts.kills, releases),
    restarts: attempts.kills.flatMap(({ restarted }) => restarted ?? []),
    wrong,
  };
}

async function drain(queue: JobQueue, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (let cursor: string | undefined, more = true; more;) {
    const page = await queue.service.list({ active: true, limit: 1_000, cursor });
    for (const job of page.items) {
      const timeout = Math.max(1, deadline - performance.now());
      // What has not ended by then is counted by whoever compares.
      await queue.wait(job.number, { timeout }).catch(() => undefined);
    }
    cursor = page.next;
    more = cursor !== undefined;
  }
}

async function checkBatch(queue: JobQueue, number: number, wrong: Wrong): Promise<void> {
  const batch = await queue.batches.getBatchStatus(number);
  if (batch?.endedAt === undefined) wrong.batchesUnended += 1;
  const states = (await queue.service.list({ batch: number, limit: 1_000 })).items.map((job) => job.state);
  const count = (state: string) => states.filter((each) => each === state).length;
  const same =
    batch !== null &&
    batch.totalOperations === states.length &&
    batch.completedOperations === count("completed") &&
    batch.failedOperations === count("failed") &&
    batch.cancelledOperations === count("cancelled");
  if (!same) wrong.batchCounts += 1;
}

/** Each run ends once and says nothing afterwards. Returns when jobs were given back by a takeover. */
async function checkJournal(queue: JobQueue, wrong: Wrong): Promise<Map<number, Numbers>> {
  const ended = new Set<string>();
  const releases = new Map<number, number[]>();
  for (let after: string | undefined; ;) {
    const page = await queue.events.read({ after, limit: 1_000 });
    if (page.events.length === 0) return releases;
    for (const event of page.events) {
      const name = event.kind === "job" ? `j${event.job.number}/${event.run}` : `b${event.batch.number}/${event.run}`;
      if (event.change === "ended") {
        if (ended.has(name)) wrong.endedTwice += 1;
        ended.add(name);
      } else if (event.kind === "job" && ended.has(name)) wrong.changedAfterEnd += 1;
      if (event.kind !== "job" || event.change !== "released") continue;
      const times = releases.get(event.job.number);
      if (times) times.push(event.at);
      else releases.set(event.job.number, [event.at]);
    }
    after = page.cursor;
  }
}

interface Kill {
  /** On the clock of all processes, and on the wall. */
  readonly at: number;
  readonly wall: number;
  readonly held: Numbers;
  /** Milliseconds until the first of the held jobs began again. */
  restarted?: number;
}

/**
 * The lines in their order: S and E of an attempt, F of one that was told to stop, K of a process that is about to be killed (with the word
 * heir where another worker is there to take over), R of a job that is about to be taken from one that lives.
 */
function followAttempts(lines: readonly string[][], wrong: Wrong) {
  const open = new Map<number, { mark: string; pid: string }>();
  const killed = new Set<string>();
  const robbed = new Set<string>();
  const last = new Map<number, { mark: string; ended: boolean }>();
  const waiting = new Map<number, Kill>();
  const kills: Kill[] = [];
  let count = 0;
  for (const [kind, id = "", pid = "", mark = "", at = "", wall = ""] of lines) {
    const number = Number(id);
    if (kind === "R") {
      const owner = open.get(number);
      if (owner?.pid === pid) robbed.add(owner.mark);
    } else if (kind === "K") {
      killed.add(pid);
      const held = [...open].flatMap(([job, owner]) => (owner.pid === pid ? [job] : []));
      const kill = { at: Number(at), wall: Number(wall), held };
      if (mark === "heir") kills.push(kill);
      for (const job of held) waiting.set(job, kill);
    } else if (kind === "S") {
      count += 1;
      const owner = open.get(number);
      if (owner && !killed.has(owner.pid) && !robbed.has(owner.mark)) wrong.overlapping += 1;
      open.set(number, { mark, pid });
      last.set(number, { mark, ended: false });
      const kill = waiting.get(number);
      if (kill) {
        kill.restarted ??= Number(at) - kill.at;
        waiting.delete(number);
      }
    } else if (kind === "E" || kind === "F") {
      if (robbed.has(mark)) continue;
      if (open.get(number)?.mark !== mark) wrong.overlapping += 1;
      open.delete(number);
      last.set(number, { mark, ended: kind === "E" });
    }
  }
  return { count, last, kills };
}

/** Of each kill: until the first of the jobs that the process held was given back. */
function takeovers(kills: readonly Kill[], releases: ReadonlyMap<number, Numbers>): number[] {
  return kills.flatMap(({ wall, held }) => {
    const times = held.flatMap((job) => releases.get(job)?.find((at) => at >= wall) ?? []);
    return times.length === 0 ? [] : [Math.min(...times) - wall];
  });
}
