import { expect, test } from "vitest";
import { openFile } from "../src/sqlite.ts";
import { type TestQueue, turns } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

/** A store that is full at those of its transactions, counted from now, that the test names. */
function fullStore(): { fault: (at: string) => void; fullAt(...transactions: number[]): void } {
  let full: number[] = [];
  let count = 0;
  return {
    fault(at) {
      if (at === "write" && full.includes(++count)) throw Object.assign(new Error("full"), { code: "SQLITE_FULL" });
    },
    fullAt(...transactions) {
      count = 0;
      full = transactions;
    },
  };
}

test("a worker that could not take over one dead worker at its start keeps its lock while it runs what it took of another", async () => {
  const first = await openQueue({ concurrency: 1 });
  const second = await first.again();
  const enqueued: { number: number }[] = [];
  for (const queue of [first, second]) {
    queue.registerHandler("long", { process: () => gate().opened });
    enqueued.push(await queue.enqueue("long"));
    await queue.start();
    await queue.clock.advance(1);
  }
  const store = fullStore();
  const third = await first.again({ ports: { fault: store.fault } });
  const hold = gate();
  third.registerHandler("long", { process: () => hold.opened.then(() => "kept") });
  first.crash();
  second.crash();
  // The first transaction makes it a member, the second takes a job over and starts it, the third fails.
  store.fullAt(3);
  await third.start();
  expect(third.worker.active).toBe(1);
  const fourth = await first.again();
  fourth.registerHandler("long", { process: () => "taken over" });
  await fourth.start();
  await fourth.clock.advance(1_000);
  hold.open();
  await third.clock.advance(1_000);
  const results = await Promise.all(enqueued.map(async ({ number }) => (await fourth.wait(number)).result));
  expect(new Set(results)).toEqual(new Set(["kept", "taken over"]));
});

test("a queue whose store is full stops all the same, and its worker does not count as alive", async () => {
  const store = fullStore();
  const queue = await openQueue({ ports: { fault: store.fault } });
  await queue.start();
  const other = await queue.again({ ports: {} });
  expect(await other.workers()).toHaveLength(1);
  store.fullAt(1);
  await queue.stop();
  expect(await other.workers()).toEqual([]);
});

test("a queue that is stopped while its start fails stops", async () => {
  const store = fullStore();
  const queue = await openQueue({ ports: { fault: store.fault } });
  store.fullAt(1);
  const started = queue.start();
  const stopped = queue.stop();
  await expect(started).rejects.toMatchObject({ code: "STORE_FULL" });
  await expect(stopped).resolves.toBeUndefined();
});

test("a worker that was taken for dead joins again, even if the store is full at first", async () => {
  let refused = 0;
  const queue: TestQueue = await openQueue({
    ports: {
      fault(at) {
        const knows = queue.internalErrors.some(({ error }) => (error as Error).message.includes("taken for dead"));
        if (at !== "write" || !knows || refused === 3) return;
        refused += 1;
        throw Object.assign(new Error("full"), { code: "SQLITE_FULL" });
      },
    },
  });
  queue.registerHandler("work", { process: () => "done" });
  await queue.start();
  const db = openFile(queue.path);
  db.exec("UPDATE bq_worker SET state = 'dead', ended_at = 1");
  db.close();
  queue.worker.foreign();
  await queue.clock.advance(5_000);
  expect(refused).toBe(3);
  expect((await queue.wait((await queue.enqueue("work")).number)).result).toBe("done");
});

test("a job that a dead worker leaves in a batch that has stopped is not started again", async () => {
  const first = await openQueue();
  first.registerHandler("member", {
    async process(how) {
      await gateOf(how as string).opened;
      if (how === "fails") throw new Error("failed");
    },
  });
  const gates = { fails: gate(), hangs: gate() };
  const gateOf = (how: string) => gates[how as keyof typeof gates];
  const batch = await first.enqueueBatch(
    [
      { type: "member", data: "fails", maxAttempts: 1 },
      { type: "member", data: "hangs" },
    ],
    { policy: "stop" },
  );
  await first.start();
  await first.spy.waitFor(batch.jobIds[1] as string, "processing");
  gates.fails.open();
  await first.wait(batch.jobIds[0] as string);
  first.crash();
  const second = await first.again();
  second.registerHandler("member", { process: () => "started again" });
  await second.start();
  expect(await second.wait(batch.jobIds[1] as string)).toMatchObject({ state: "cancelled", reason: "batch" });
  expect(await second.batches.getBatchStatus(batch.number)).toMatchObject({ status: "failed" });
});

test("a claim that the store refuses is told, and tried again", async () => {
  const store = fullStore();
  const queue = await openQueue({ ports: { fault: store.fault } });
  await queue.start();
  await turns();
  store.fullAt(1);
  queue.worker.wake();
  await turns();
  expect(queue.internalErrors).toMatchObject([{ error: { code: "STORE_FULL" }, where: "a claim" }]);
});

test("a worker that is started while it stops runs again when it has stopped", async () => {
  const queue = await openQueue();
  const [hold, began] = [gate(), gate()];
  queue.registerHandler("hold", {
    process() {
      began.open();
      return hold.opened;
    },
  });
  await queue.start();
  await queue.enqueue("hold");
  await began.opened;
  const before = queue.worker.id;
  const stopped = queue.worker.stop({ grace: 60_000 });
  const started = Promise.all([queue.worker.start(), queue.worker.start()]);
  expect(queue.worker.state).toBe("stopping");
  hold.open();
  await stopped;
  await started;
  expect(queue.worker.state).toBe("running");
  expect(queue.worker.id).not.toBe(before);
  expect(await queue.wait((await queue.enqueue("hold")).number)).toMatchObject({ state: "completed" });
});

test("a worker that is stopping is not asked to drain, and one that never was cannot be", async () => {
  const queue = await openQueue();
  await queue.start();
  expect(await queue.retireIfIdle()).toBe(true);
  await queue.requestDrain(queue.worker.id as number);
  expect(await queue.workers()).toMatchObject([{ state: "stopping" }]);
  for (const id of [999, 0, 1.5]) expect(await codeOf(queue.requestDrain(id))).toBe("INVALID_OPTION");
});

test("a listener that could not be added is not counted as one", async () => {
  const queue = await openQueue();
  queue.crash();
  const listen = () => queue.events.on("job-progress", () => undefined);
  expect(listen).toThrow(expect.objectContaining({ code: "QUEUE_CLOSED" }));
  expect(listen).toThrow(expect.objectContaining({ code: "QUEUE_CLOSED" }));
});

test("an option or filter that does not exist, or has an impossible value, is refused with the nearest name", async () => {
  const queue = await openQueue();
  const slip = (given: object) => given as never;
  await expect(queue.enqueue("x", 1, slip({ priorty: 1 }))).rejects.toThrow('no "priorty". Did you mean priority?');
  await expect(queue.enqueueBatch([], slip({ polcy: "stop" }))).rejects.toThrow("Did you mean policy?");
  await expect(queue.service.list(slip({ stat: "failed" }))).rejects.toThrow("Did you mean state?");
  await expect(queue.batches.list(slip({ state: "failed" }))).rejects.toThrow("Did you mean status?");
  await expect(queue.again(slip({ consurrency: 1 }))).rejects.toThrow("Did you mean concurrency?");
  expect(() => queue.registerHandler("x", { process: () => 1 }, slip({ retries: 1 }))).toThrow("maxRetries");
  for (const wrong of [
    { since: "x" },
    { endedSince: -1 },
    { plugin: 1 },
    { reason: "bad" },
    { active: 1 },
    { type: 1 },
  ])
    expect(await codeOf(queue.service.list(slip(wrong)))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.batches.list(slip({ since: Number.NaN })))).toBe("INVALID_OPTION");
});

test("an enqueue that replaces ends every job of its key that waits", async () => {
  const queue = await openQueue();
  const first = await queue.enqueue("first");
  const old = await queue.enqueue("x", 1, { key: "k", after: first.number });
  await queue.service.cancel(first.number);
  const other = await queue.enqueue("x", 2, { key: "k" });
  await queue.service.retry(first.number);
  expect(await queue.service.getStatus(old.number)).toMatchObject({ state: "blocked", run: 2 });
  const last = await queue.enqueue("x", 3, { key: "k", dedup: "replace" });
  for (const { number } of [old, other])
    expect(await queue.service.getStatus(number)).toMatchObject({ state: "cancelled", reason: "replaced" });
  expect(await queue.service.getStatus(last.number)).toMatchObject({ state: "pending", waitsFor: [] });
});
