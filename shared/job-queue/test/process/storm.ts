// A storm of kill -9 over one store, and what must hold after it. As a script: node storm.ts --kills 500 --durability power --seed 7
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type BetterSqlite3 from "better-sqlite3";
import { openJobQueue } from "../../src/index.ts";
import { openLedger, readLedger } from "./ledger.ts";

export interface StormOptions {
  readonly producers?: number | undefined;
  readonly workers?: number | undefined;
  /** Processes killed, at least. */
  readonly kills?: number | undefined;
  /** Go on killing at least this long. */
  readonly seconds?: number | undefined;
  readonly durability?: "power" | "process" | undefined;
  readonly seed?: number | undefined;
}

/** All of the wrong kind must be 0. */
export interface StormReport {
  readonly seed: number;
  readonly seconds: number;
  readonly killedWorkers: number;
  readonly killedProducers: number;
  readonly acknowledged: number;
  readonly jobs: number;
  readonly attempts: number;
  readonly batches: number;
  readonly crashed: number;
  readonly bytes: number;
  readonly wrong: Readonly<Record<string, number>>;
}

type Role = "worker" | "producer";
interface Child {
  readonly role: Role;
  readonly process: ChildProcess;
  /** What it has done since it was started, by its own count. */
  done: number;
}

const SCRIPTS = { worker: "storm-worker.ts", producer: "storm-producer.ts" } as const;

export async function storm(options: StormOptions = {}): Promise<StormReport> {
  const { producers = 2, workers = 2, kills = 20, seconds = 0, durability = "process" } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const chance = mulberry(seed);
  const folder = mkdtempSync(join(tmpdir(), "storm-"));
  for (const file of ["acknowledged", "ran"]) writeFileSync(join(folder, file), "");
  const ran = openLedger(join(folder, "ran"));
  const children: Child[] = [];
  const killed = { worker: 0, producer: 0 };
  let changed = () => undefined as void;

  const start = (role: Role) => {
    const child: Child = {
      role,
      done: 0,
      process: fork(join(import.meta.dirname, SCRIPTS[role]), [folder, durability], { execArgv: [] }),
    };
    child.process.on("message", (count) => {
      child.done = count as number;
      changed();
    });
    children.push(child);
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  const end = async (child: Child) => {
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    const gone = once(child.process, "exit");
    child.process.send("stop");
    await gone;
  };

  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  try {
    for (let i = 0; i < workers; i++) start("worker");
    for (let i = 0; i < producers; i++) start("producer");
    while (killed.worker + killed.producer < kills || elapsed() < seconds) {
      const at = Math.floor(chance() * children.length);
      const victim = children[at] as Child;
      const enough = 1 + Math.floor(chance() * 150);
      await until(() => victim.done >= enough || victim.process.exitCode !== null);
      if (victim.process.exitCode !== null)
        throw new Error(`a ${victim.role} ended by itself: ${victim.process.exitCode}`);
      // Before the kill: whatever another worker starts after this line may be what this one held.
      if (victim.role === "worker") ran("K", 0, victim.process.pid as number, 0);
      const gone = once(victim.process, "exit");
      victim.process.kill("SIGKILL");
      await gone;
      killed[victim.role] += 1;
      children.splice(at, 1);
      start(victim.role);
    }
    await Promise.all(children.filter((child) => child.role === "producer").map(end));
    const outcome = await inspect(folder, durability);
    await Promise.all(children.map(end));
    return {
      seed,
      seconds: Math.round(elapsed() * 10) / 10,
      killedWorkers: killed.worker,
      killedProducers: killed.producer,
      bytes: statSync(join(folder, "storm.db")).size,
      ...outcome,
    };
  } finally {
    for (const child of children) child.process.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Drains the store with the workers that live, and compares it with the ledgers. */
async function inspect(folder: string, durability: "power" | "process") {
  const path = join(folder, "storm.db");
  const queue = await openJobQueue({ path, durability });
  const acknowledged = readLedger(join(folder, "acknowledged"));
  const jobs = [...new Set(acknowledged.flatMap(([kind, number]) => (kind === "J" ? [Number(number)] : [])))];
  const batches = acknowledged.flatMap(([kind, number]) => (kind === "B" ? [Number(number)] : []));
  const wrong = {
    missing: 0,
    unended: 0,
    endedTwice: 0,
    changedAfterEnd: 0,
    overlapping: 0,
    completedWithoutRunning: 0,
    batchCounts: 0,
    batchesUnended: 0,
    integrity: 0,
  };
  let crashed = 0;
  const completed = new Set<number>();
  for (let cursor: string | undefined, more = true; more;) {
    const page = await queue.service.list({ active: true, limit: 1_000, cursor });
    for (const job of page.items) await queue.wait(job.number, { timeout: 60_000 });
    cursor = page.next;
    more = cursor !== undefined;
  }
  for (const number of jobs) {
    const job = await queue.service.getStatus(number);
    if (!job) wrong.missing += 1;
    else if (job.endedAt === undefined) wrong.unended += 1;
    else if (job.reason === "crashed") crashed += 1;
    if (job?.state === "completed") completed.add(number);
  }
  for (const number of batches) {
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
  const ended = new Set<string>();
  for (let after: string | undefined; ;) {
    const page = await queue.events.read({ after, limit: 1_000 });
    if (page.events.length === 0) break;
    for (const event of page.events) {
      const name = event.kind === "job" ? `j${event.job.number}/${event.run}` : `b${event.batch.number}/${event.run}`;
      if (event.change === "ended") {
        if (ended.has(name)) wrong.endedTwice += 1;
        ended.add(name);
      } else if (event.kind === "job" && ended.has(name)) wrong.changedAfterEnd += 1;
    }
    after = page.cursor;
  }
  const attempts = overlaps(readLedger(join(folder, "ran")), completed, wrong);
  const { count: total } = await queue.service.count({});
  await queue.stop();
  const db = new (createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3)(path);
  if (db.pragma("integrity_check", { simple: true }) !== "ok") wrong.integrity += 1;
  const rows = db.prepare("SELECT count(*) FROM bq_job").pluck().get() as number;
  db.close();
  return { acknowledged: jobs.length, jobs: Math.max(total, rows), attempts, batches: batches.length, crashed, wrong };
}

/** Counts attempts, and those that began while another of the same job could still run. */
function overlaps(
  lines: readonly string[][],
  completed: ReadonlySet<number>,
  wrong: { overlapping: number; completedWithoutRunning: number },
): number {
  const open = new Map<string, string>();
  const killed = new Set<string>();
  const ran = new Set<number>();
  let attempts = 0;
  for (const [kind, number = "", pid = ""] of lines) {
    if (kind === "K") killed.add(pid);
    else if (kind === "S") {
      attempts += 1;
      const owner = open.get(number);
      if (owner !== undefined && !killed.has(owner)) wrong.overlapping += 1;
      open.set(number, pid);
    } else {
      if (open.get(number) !== pid) wrong.overlapping += 1;
      open.delete(number);
      ran.add(Number(number));
    }
  }
  for (const number of completed) if (!ran.has(number)) wrong.completedWithoutRunning += 1;
  return attempts;
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      seconds: { type: "string" },
      workers: { type: "string" },
      producers: { type: "string" },
      durability: { type: "string" },
      seed: { type: "string" },
    },
  });
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const report = await storm({
    kills: number(values.kills),
    seconds: number(values.seconds),
    workers: number(values.workers),
    producers: number(values.producers),
    seed: number(values.seed),
    durability: values.durability as "power" | "process" | undefined,
  });
  console.log(JSON.stringify(report));
  process.exitCode = Object.values(report.wrong).every((count) => count === 0) ? 0 : 1;
}
