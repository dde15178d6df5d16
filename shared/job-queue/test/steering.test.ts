import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { type JobQueue, type QueueEvent, openJobQueue } from "../src/index.ts";
import { systemProcesses } from "../src/processes.ts";
import { systemPorts } from "../src/system-ports.ts";
import type { Heard } from "./process/steered.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;
const LIMIT = { timeout: 15_000, interval: 5 };

function storePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "steering-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "q.db");
}

async function open(path: string, ports: object = {}): Promise<JobQueue> {
  const queue = await openJobQueue({ path, durability: "process", ports });
  onTestFinished(() => queue.crash());
  return queue;
}

interface Child {
  readonly process: ChildProcess;
  readonly heard: Heard[];
  kill(): Promise<void>;
}

async function child(...args: string[]): Promise<Child> {
  const process = fork(join(import.meta.dirname, "process/steered.ts"), args);
  onTestFinished(() => void process.kill("SIGKILL"));
  const heard: Heard[] = [];
  process.on("message", (message) => heard.push(message as Heard));
  await vi.waitFor(() => expect(heard).toContainEqual({ event: "ready" }), LIMIT);
  return {
    process,
    heard,
    async kill() {
      const gone = once(process, "exit");
      process.kill("SIGKILL");
      await gone;
    },
  };
}

/** Stops it while this process holds the store, so that it does not: nobody could write until it went on. */
function stopBetweenTransactions(path: string, { process }: Child): void {
  const db = new Sqlite(path);
  db.exec("BEGIN IMMEDIATE");
  process.kill("SIGSTOP");
  db.exec("ROLLBACK");
  db.close();
}

test("cancel, retry, pause and a decision reach the worker in another process", async () => {
  const path = storePath();
  const queue = await open(path);
  const worker = await child(path, "work");

  const { number } = await queue.enqueue("heed");
  await vi.waitFor(() => expect(worker.heard).toContainEqual({ event: "started", number, run: 1 }), LIMIT);
  expect(await queue.service.cancel(number)).toEqual({ state: "processing", cancelling: true });
  expect(await queue.wait(number)).toMatchObject({ state: "cancelled", reason: "user", run: 1 });
  await queue.service.retry(number);
  await vi.waitFor(() => expect(worker.heard).toContainEqual({ event: "started", number, run: 2 }), LIMIT);
  await queue.service.cancel(number);
  await queue.wait(number);

  await queue.service.pause("quick");
  const paused = await queue.enqueue("quick");
  const asking = await queue.enqueue("ask");
  // The worker has looked since: it took what came after.
  await queue.wait(asking.number, { until: "ended-or-waiting" });
  expect((await queue.service.getStatus(paused.number))?.state).toBe("pending");
  await queue.service.unpause("quick");
  expect((await queue.wait(paused.number)).result).toBe(worker.process.pid);

  const [request] = await queue.requests.list({ job: asking.number, open: true });
  await queue.requests.decide(request?.number ?? 0, { choice: "approve", comment: "go", principal: "me" });
  expect((await queue.wait(asking.number)).result).toEqual({ choice: "approve", comment: "go" });
});

test("a worker from which a job was taken while it was stopped aborts the handler when it wakes, and its result changes nothing", async () => {
  const path = storePath();
  // To this process every worker has been silent for a minute, and none can be ended.
  const { clock } = systemPorts;
  const queue = await open(path, {
    clock: { ...clock, now: () => clock.now() + 60_000 },
    processes: { ...systemProcesses, end: async () => false },
  });
  const sleeper = await child(path, "work");
  const { pid } = sleeper.process;
  const { number } = await queue.enqueue("hold");
  await vi.waitFor(() => expect(sleeper.heard).toContainEqual({ event: "started", number, run: 1 }), LIMIT);
  stopBetweenTransactions(path, sleeper);
  expect((await queue.service.getStatus(number))?.worker).toMatchObject({ pid, answering: false });

  expect(await queue.service.retry(number, { force: true })).toEqual({ pid, worker: "alive" });
  const heir = await child(path, "work");
  await vi.waitFor(() => expect(heir.heard).toContainEqual({ event: "started", number, run: 2 }), LIMIT);

  // It wakes with its result at hand.
  sleeper.process.send("release");
  sleeper.process.kill("SIGCONT");
  const aborted = { event: "aborted", number, run: 1, reason: "lost" } as const;
  await vi.waitFor(() => expect(sleeper.heard).toContainEqual(aborted), LIMIT);
  // Its result has been refused by the time it works on.
  await vi.waitFor(async () => {
    const { jobId } = await queue.enqueue("quick");
    expect((await queue.wait(jobId)).result).toBe(pid);
  }, LIMIT);
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "processing", run: 2, attempt: 1 });
  heir.process.send("release");
  expect(await queue.wait(number)).toMatchObject({ state: "completed", run: 2, attempt: 1, result: "held" });
  const { events } = await queue.events.read({ limit: 1_000 });
  const ends = events.flatMap((event) =>
    event.kind === "job" && event.change === "ended" && event.job.number === number ? [event.run] : [],
  );
  expect(ends).toEqual([1, 2]);
  expect(await queue.service.runs(number)).toMatchObject([{ run: 1, state: "failed", reason: "stalled" }]);
});

test("a worker that spins is not robbed; taken by force its process is ended, and what else it ran goes on elsewhere", async () => {
  const path = storePath();
  const { clock } = systemPorts;
  const queue = await open(path, { clock: { ...clock, now: () => clock.now() + 60_000 } });
  const spinner = await child(path, "work");
  const beside = await queue.enqueue("hold");
  const spinning = await queue.enqueue("spin");
  for (const { number } of [beside, spinning])
    await vi.waitFor(() => expect(spinner.heard).toContainEqual({ event: "started", number, run: 1 }), LIMIT);
  // The first has looked for dead ones by now, and works.
  const heir = await child(path, "work");
  expect((await queue.wait((await queue.enqueue("quick")).jobId)).result).toBe(heir.process.pid);
  for (const { number } of [beside, spinning])
    expect((await queue.service.getStatus(number))?.worker).toMatchObject({
      pid: spinner.process.pid,
      answering: false,
    });

  const gone = once(spinner.process, "exit");
  expect(await queue.service.retry(spinning.number, { force: true })).toEqual({
    pid: spinner.process.pid,
    worker: "ended",
  });
  await gone;
  expect((await queue.wait(spinning.number)).result).toBe(heir.process.pid);
  heir.process.send("release");
  expect(await queue.wait(beside.number)).toMatchObject({ state: "completed", attempt: 1 });
});

test("a stopped worker that was idle answers as long as nothing is to do, and not when it leaves a job in line", async () => {
  const path = storePath();
  const { clock } = systemPorts;
  const later = (ms: number) => ({ clock: { ...clock, now: () => clock.now() + ms } });
  const worker = await child(path, "work");
  stopBetweenTransactions(path, worker);
  const soon = await open(path, later(60_000));
  expect(await soon.workers()).toMatchObject([{ answering: true }]);
  const { jobId } = await soon.enqueue("quick");
  expect(await soon.workers()).toMatchObject([{ answering: true }]);
  const long = await open(path, later(120_000));
  expect(await long.workers()).toMatchObject([{ answering: false }]);
  worker.process.kill("SIGCONT");
  expect((await soon.wait(jobId)).result).toBe(worker.process.pid);
});

test("only the process that was meant is ended: one of another start time is left alone", async () => {
  const path = storePath();
  const worker = await child(path, "work");
  const pid = worker.process.pid ?? 0;
  const start = systemProcesses.startOf(pid);
  expect(start).toBeDefined();
  expect(await systemProcesses.end(pid, `${start}0`)).toBe(false);
  expect(systemProcesses.startOf(pid)).toBe(start);
  expect(await systemProcesses.end(pid, start ?? "")).toBe(true);
  expect(systemProcesses.startOf(pid)).toBeUndefined();
});

test("a reader that is killed and comes back with its cursor has every event once, of all processes", async () => {
  const path = storePath();
  const queue = await open(path);
  const workers = [await child(path, "work"), await child(path, "work")];
  const ledger = `${path}.read`;
  const beginning = await queue.events.cursor();
  const read = () => (existsSync(ledger) ? readFileSync(ledger, "utf8").split("\n").slice(0, -1) : []);
  for (let life = 0; life < 4; life++) {
    const from = read().at(-1) ?? beginning;
    const reader = await child(path, "read", ledger, from);
    const { number } = await queue.enqueueBatch(Array.from({ length: 50 }, (_, n) => ({ type: "quick", data: n })));
    // In the middle of it.
    const seen = read().length;
    await vi.waitFor(() => expect(read().length).toBeGreaterThan(seen), LIMIT);
    await reader.kill();
    await queue.batches.wait(number);
  }
  const all = await written(queue, beginning);
  expect(all.length).toBeGreaterThan(4 * 150);
  await child(path, "read", ledger, read().at(-1) ?? beginning);
  await vi.waitFor(() => expect(read().at(-1)).toBe(all.at(-1)), LIMIT);
  expect(read()).toEqual(all);
  for (const worker of workers) await worker.kill();
});

/** Every event after the cursor, as a process reads them that was there all the time. */
async function written(queue: JobQueue, beginning: string): Promise<string[]> {
  const found: QueueEvent[] = [];
  for (let after = beginning; ;) {
    const { events, cursor } = await queue.events.read({ after, limit: 500 });
    if (events.length === 0) break;
    found.push(...events);
    after = cursor;
  }
  return found.filter(({ kind, change }) => kind === "job" || change !== "progress").map(({ cursor }) => cursor);
}
