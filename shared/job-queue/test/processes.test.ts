import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openJobQueue } from "../src/index.ts";
import { manualClock } from "../src/testing/index.ts";
import type { Told } from "./process/child.ts";
import { kill as storm } from "../storm/kill.ts";

interface Child {
  readonly process: ChildProcess;
  /** Resolves with the next thing of this kind that it tells, or has told and nobody took. */
  next<E extends Told["event"]>(event: E): Promise<Extract<Told, { event: E }>>;
}

function child(path: string, command: string, ...flags: string[]): Child {
  const process = fork(join(import.meta.dirname, "process/child.ts"), [path, command], { execArgv: flags });
  onTestFinished(() => void process.kill("SIGKILL"));
  const told: Told[] = [];
  let heard = () => undefined as void;
  process.on("message", (message) => {
    told.push(message as Told);
    heard();
  });
  return {
    process,
    async next<E extends Told["event"]>(event: E) {
      for (;;) {
        const at = told.findIndex((each) => each.event === event);
        if (at >= 0) return told.splice(at, 1)[0] as Extract<Told, { event: E }>;
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    },
  };
}

function storePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "processes-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "q.db");
}

async function open(path: string, ports: object = {}) {
  const queue = await openJobQueue({ path, durability: "process", ports });
  onTestFinished(() => queue.crash());
  return queue;
}

async function kill(each: Child): Promise<void> {
  const gone = once(each.process, "exit");
  each.process.kill("SIGKILL");
  await gone;
}

test("in a storm of kill -9 no acknowledged job is lost, none runs twice at once, each run ends once, and batches count right", async () => {
  const report = await storm({ kills: 5 });
  expect(report.killedWorkers + report.killedProducers).toBe(5);
  expect(report.acknowledged).toBeGreaterThan(100);
  expect(Object.entries(report.wrong).filter(([, count]) => count > 0)).toEqual([]);
}, 60_000);

test("jobs of a worker that was killed start in another one soon", async () => {
  const path = storePath();
  const queue = await open(path);
  const times: number[] = [];
  let holder = child(path, "work");
  await holder.next("ready");
  for (let round = 0; round < 2; round++) {
    const { number } = await queue.enqueue("hold");
    await holder.next("started");
    const heir = child(path, "work");
    await heir.next("ready");
    const killedAt = Date.now();
    await kill(holder);
    const started = await heir.next("started");
    expect(started.number).toBe(number);
    times.push(started.at - killedAt);
    await queue.service.cancel(number);
    expect((await heir.next("aborted")).reason).toBe("cancelled");
    expect(await queue.wait(number)).toMatchObject({ state: "cancelled", reason: "user" });
    holder = heir;
  }
  console.log(`takeover after kill -9: ${times.join(", ")} ms`);
  expect(Math.max(...times)).toBeLessThan(10_000);
});

test("a worker that is stopped is not robbed, and goes on when it is continued", async () => {
  const path = storePath();
  const clock = manualClock(Date.now());
  const queue = await open(path, { clock });
  const holder = child(path, "work");
  const { pid } = await holder.next("ready");
  const { number } = await queue.enqueue("hold");
  await holder.next("started");
  queue.registerHandler("hold", { process: () => "stolen" });
  await queue.start();
  holder.process.kill("SIGSTOP");
  await clock.advance(60_000);
  expect(await queue.service.getStatus(number)).toMatchObject({
    state: "processing",
    worker: { pid, answering: false },
  });
  holder.process.kill("SIGCONT");
  holder.process.send("release");
  expect(await queue.wait(number)).toMatchObject({ state: "completed", result: pid, attempt: 1 });
});

test("eight processes that open a new store at once all get it, and none takes the other's number", async () => {
  const path = storePath();
  const children = Array.from({ length: 8 }, () => child(path, "open"));
  const numbers = await Promise.all(children.map(async (each) => (await each.next("enqueued")).number));
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("the lock of a worker outlives the collection of everything that nobody refers to", async () => {
  const path = storePath();
  const queue = await open(path);
  const holder = child(path, "collect", "--expose-gc");
  await holder.next("ready");
  while ((await holder.next("collected")).times < 5);
  const { number } = await queue.enqueue("hold");
  await holder.next("started");
  expect(await queue.workers()).toMatchObject([{ pid: holder.process.pid }]);
  await queue.start();
  expect((await queue.service.getStatus(number))?.state).toBe("processing");
  holder.process.send("release");
  expect((await queue.wait(number)).result).toBe(holder.process.pid);
});

test("a worker that was taken for dead while it lived gives up what it ran, joins again and works on", async () => {
  const path = storePath();
  const queue = await open(path);
  const holder = child(path, "work");
  await holder.next("ready");
  const first = await queue.enqueue("hold");
  await holder.next("started");
  const [before] = await queue.workers();
  // As a cleaner of old files would: nobody can see that the lock is held.
  rmSync(`${path}.locks`, { recursive: true });
  queue.registerHandler("hold", { process: () => "taken" });
  await queue.start();
  expect((await queue.wait(first.number)).result).toBe("taken");
  expect((await holder.next("aborted")).reason).toBe("lost");
  await queue.worker.stop();
  const second = await queue.enqueue("hold");
  expect((await holder.next("started")).number).toBe(second.number);
  const [after] = await queue.workers();
  expect(after).toMatchObject({ pid: holder.process.pid });
  expect(after?.id).not.toBe(before?.id);
});

test("eight processes that enqueue the same type and key at once make one waiting job", async () => {
  const path = storePath();
  const queue = await open(path);
  const children = Array.from({ length: 8 }, () => child(path, "dedup"));
  await Promise.all(children.map((each) => each.next("ready")));
  for (const each of children) each.process.send("go");
  const numbers: number[] = [];
  for (const each of children)
    for (let times = 0; times < 20; times++) numbers.push((await each.next("enqueued")).number);
  expect(numbers).toHaveLength(160);
  expect(new Set(numbers).size).toBe(1);
  const { items } = await queue.service.list();
  expect(items).toMatchObject([{ number: numbers[0], state: "pending", key: "same" }]);
}, 60_000);
