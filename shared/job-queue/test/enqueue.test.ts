import { expect, test, vi } from "vitest";
import { ENQUEUE_MOST } from "../src/limits.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

test("lower priority numbers run first, equal ones in order of arrival", async () => {
  const queue = await openQueue({ concurrency: 1 });
  const order: string[] = [];
  queue.registerHandler("p", { process: (name: string) => void order.push(name) });
  await queue.enqueue("p", "b1");
  await queue.enqueue("p", "low", { priority: 10 });
  await queue.enqueue("p", "b2");
  await queue.enqueue("p", "high", { priority: -1 });
  await queue.start();
  await queue.drain();
  expect(order).toEqual(["high", "b1", "b2", "low"]);
});

test("a job of low priority is reached: each step is worth a minute of waiting", async () => {
  const queue = await openQueue({ concurrency: 1 });
  const order: string[] = [];
  queue.registerHandler("p", { process: (name: string) => void order.push(name) });
  await queue.enqueue("p", "old and low", { priority: 5 });
  await queue.clock.advance(5 * 60_000 + 1);
  await queue.enqueue("p", "new");
  await queue.start();
  await queue.drain();
  expect(order).toEqual(["old and low", "new"]);
});

test("delay and runAt hold a job back until its time", async () => {
  const queue = await openQueue();
  const ran: [string, number][] = [];
  const start = queue.clock.now();
  queue.registerHandler("d", { process: (name: string) => void ran.push([name, queue.clock.now() - start]) });
  await queue.start();
  await queue.enqueue("d", "delay", { delay: 10_000 });
  await queue.enqueue("d", "date", { runAt: new Date(start + 20_000) });
  await queue.enqueue("d", "past", { runAt: start - 5 });
  await queue.clock.advance(9_999);
  expect(ran.map(([name]) => name)).toEqual(["past"]);
  await queue.clock.advance(1);
  expect(ran.map(([name]) => name)).toEqual(["past", "delay"]);
  await queue.clock.advance(10_000);
  expect(ran).toEqual([
    ["past", 0],
    ["delay", 10_000],
    ["date", 20_000],
  ]);
});

test("a job runs after those it waits for, and is cancelled with them", async () => {
  const queue = await openQueue();
  queue.registerHandler("ok", { process: () => null });
  const first = await queue.enqueue("ok");
  const second = await queue.enqueue("ok", null, { after: first.jobId });
  const third = await queue.enqueue("ok", null, { dependsOn: [second.number, `#${first.number}`] });
  expect(await queue.service.getStatus(third.number)).toMatchObject({
    state: "blocked",
    waitsFor: [first.number, second.number],
  });
  await queue.start();
  expect((await queue.wait(third.number)).state).toBe("completed");
  const a = await queue.enqueue("never");
  const b = await queue.enqueue("ok", null, { after: a.jobId });
  const c = await queue.enqueue("ok", null, { after: b.jobId });
  await queue.service.cancel(a.number);
  expect(await queue.service.getStatus(c.number)).toMatchObject({ state: "cancelled", reason: "dependency" });
  const late = await queue.enqueue("ok", null, { after: a.number });
  expect(await queue.service.getStatus(late.number)).toMatchObject({ state: "cancelled", reason: "dependency" });
});

test("a chain of thousands of dependents is cancelled without a deep stack", async () => {
  const queue = await openQueue();
  let last = await queue.enqueue("x");
  const first = last;
  const { jobIds } = await queue.enqueueBatch(
    Array.from({ length: 3_000 }, (_, i) => ({
      type: "x",
      key: `${i}`,
      dependsOn: i === 0 ? first.jobId : `${i - 1}`,
    })),
  );
  last = { ...last, jobId: jobIds.at(-1) as string };
  await queue.service.cancel(first.number);
  expect(await queue.wait(last.jobId)).toMatchObject({ state: "cancelled", reason: "dependency" });
});

test("skip returns the waiting job of the key; a running one gets at most one successor", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("build", { process: () => hold.opened });
  await queue.start();
  const running = await queue.enqueue("build", 1, { key: "site" });
  await queue.spy.waitFor(running.number, "processing");
  const next = await queue.enqueue("build", 2, { key: "site" });
  const again = await queue.enqueue("build", 3, { key: "site" });
  expect(next.duplicate).toBe(false);
  expect(again).toEqual({ jobId: next.jobId, number: next.number, duplicate: true });
  expect((await queue.service.getStatus(next.number))?.data).toBe(2);
  hold.open();
});

test("replace ends the waiting job, coalesce gives it the new data", async () => {
  const queue = await openQueue();
  const one = await queue.enqueue("build", 1, { key: "site" });
  const two = await queue.enqueue("build", 2, { key: "site", dedup: "replace" });
  expect(await queue.service.getStatus(one.number)).toMatchObject({ state: "cancelled", reason: "replaced" });
  const three = await queue.enqueue("build", 3, { key: "site", dedup: "coalesce" });
  expect(three).toMatchObject({ number: two.number, duplicate: true });
  expect((await queue.service.getStatus(two.number))?.data).toBe(3);
});

test("an idempotency key makes repeats one, across processes, and refuses other data", async () => {
  const queue = await openQueue();
  const first = await queue.enqueue("pay", { eur: 5 }, { idempotencyKey: "k1" });
  const other = await queue.again();
  expect(await other.enqueue("pay", { eur: 5 }, { idempotencyKey: "k1" })).toEqual({ ...first, duplicate: true });
  expect(await codeOf(other.enqueue("pay", { eur: 6 }, { idempotencyKey: "k1" }))).toBe("IDEMPOTENCY_MISMATCH");
  const batch = await queue.enqueueBatch([{ type: "pay", data: 1 }], { idempotencyKey: "b1" });
  expect(await other.enqueueBatch([{ type: "pay", data: 1 }], { idempotencyKey: "b1" })).toMatchObject({
    batchId: batch.batchId,
    jobIds: batch.jobIds,
    duplicate: true,
  });
  expect((await queue.service.list()).items).toHaveLength(2);
});

const REFUSED: [string, unknown, object, string][] = [
  ["", null, {}, "INVALID_OPTION"],
  ["../../x", null, {}, "INVALID_OPTION"],
  ["a:b:c", null, {}, "INVALID_OPTION"],
  ["x".repeat(300), null, {}, "INVALID_OPTION"],
  ["ok", null, { delay: -1 }, "INVALID_OPTION"],
  ["ok", null, { delay: Number.NaN }, "INVALID_OPTION"],
  ["ok", null, { delay: 1e300 }, "INVALID_OPTION"],
  ["ok", null, { runAt: new Date("nonsense") }, "INVALID_OPTION"],
  ["ok", null, { delay: 1, runAt: 1 }, "INVALID_OPTION"],
  ["ok", null, { priority: 1.5 }, "INVALID_OPTION"],
  ["ok", null, { priority: 5_000 }, "INVALID_OPTION"],
  ["ok", null, { maxAttempts: 0 }, "INVALID_OPTION"],
  ["ok", null, { label: "" }, "INVALID_OPTION"],
  ["ok", null, { dedup: "merge" }, "INVALID_OPTION"],
  ["ok", null, { after: "nonsense" }, "JOB_NOT_FOUND"],
  ["ok", null, { after: -1 }, "JOB_NOT_FOUND"],
  ["ok", 10n, {}, "INVALID_DATA"],
  ["ok", () => 1, {}, "INVALID_DATA"],
  ["ok", "x".repeat(2_000_000), {}, "TOO_LARGE"],
];
test("bad options are refused with a code, and nothing is stored", async () => {
  const queue = await openQueue();
  for (const [type, data, options, code] of REFUSED) {
    expect([type.slice(0, 20), options, await codeOf(queue.enqueue(type, data, options))]).toEqual([
      type.slice(0, 20),
      options,
      code,
    ]);
  }
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  expect(await codeOf(queue.enqueue("ok", circular))).toBe("INVALID_DATA");
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(await codeOf(queue.enqueue("ok", deep))).toBe("INVALID_DATA");
  expect((await queue.service.list()).items).toEqual([]);
});

test("odd but valid data comes back as it was", async () => {
  const queue = await openQueue();
  for (const data of [
    null,
    0,
    "",
    "\u0000 ' \" ; -- ü 😀",
    { __proto__: null, constructor: { prototype: 1 } },
    [[], {}],
    { "a'b": "c" },
  ]) {
    const { number } = await queue.enqueue("odd", data);
    expect((await queue.service.getStatus(number))?.data).toEqual(JSON.parse(JSON.stringify(data)));
  }
});

test("a result that is too large fails the job instead of being cut", async () => {
  const queue = await openQueue({ maxBytes: 1_000 });
  queue.registerHandler("big", { process: () => "x".repeat(2_000) });
  await queue.start();
  expect(await queue.wait((await queue.enqueue("big")).number)).toMatchObject({
    state: "failed",
    error: { code: "TOO_LARGE" },
  });
});

test("a chain of thousands of dependents comes back without a deep stack", async () => {
  const queue = await openQueue();
  const first = await queue.enqueue("x");
  const { jobIds } = await queue.enqueueBatch(
    Array.from({ length: 2_500 }, (_, i) => ({
      type: "x",
      key: `${i}`,
      dependsOn: i === 0 ? first.jobId : `${i - 1}`,
    })),
  );
  const last = jobIds.at(-1) as string;
  await queue.service.cancel(first.number);
  expect(await queue.wait(last)).toMatchObject({ state: "cancelled", run: 1 });
  await queue.service.retry(first.number);
  await vi.waitFor(
    async () => expect(await queue.service.getStatus(last)).toMatchObject({ state: "blocked", run: 2 }),
    { timeout: 15_000 },
  );
});

test("a job that has begun and sleeps counts as running: it gets one successor and is not replaced or changed", async () => {
  const queue = await openQueue();
  queue.registerHandler("build", {
    async process(data: number, _id, job) {
      await job.sleep(60_000);
      return data;
    },
  });
  await queue.start();
  const begun = await queue.enqueue("build", 1, { key: "site" });
  await queue.spy.waitFor(
    (job) => job.number === begun.number && job.startedAt !== undefined && job.state === "pending",
    "pending",
  );
  const next = await queue.enqueue("build", 2, { key: "site", dedup: "replace" });
  expect(next.duplicate).toBe(false);
  expect(await queue.enqueue("build", 3, { key: "site", dedup: "coalesce" })).toMatchObject({
    number: next.number,
    duplicate: true,
  });
  expect(await queue.service.getStatus(next.number)).toMatchObject({ state: "blocked", waitsFor: [begun.number] });
  await queue.drain();
  expect((await queue.service.getStatus(begun.number))?.result).toBe(1);
  expect((await queue.service.getStatus(next.number))?.result).toBe(3);
});

test("a keyed job that is run again starts after the one that runs, and is refused while another waits", async () => {
  const queue = await openQueue();
  let hold = gate();
  queue.registerHandler("build", { process: () => hold.opened });
  await queue.start();
  const old = await queue.enqueue("build", 1, { key: "site" });
  hold.open();
  await queue.wait(old.number);
  hold = gate();
  const running = await queue.enqueue("build", 2, { key: "site" });
  await queue.spy.waitFor(running.number, "processing");
  await queue.service.retry(old.number);
  expect(await queue.service.getStatus(old.number)).toMatchObject({ state: "blocked", waitsFor: [running.number] });
  await queue.service.cancel(old.number);
  await queue.enqueue("build", 3, { key: "site" });
  expect(await codeOf(queue.service.retry(old.number))).toBe("INVALID_STATE");
  hold.open();
});

test("a repeat under an idempotency key is answered even if what the job waited for is gone", async () => {
  const queue = await openQueue();
  queue.registerHandler("x", { process: () => null });
  await queue.start();
  const first = await queue.enqueue("x");
  const second = await queue.enqueue("x", 1, { after: first.number, idempotencyKey: "k" });
  await queue.wait(second.number);
  await queue.service.delete(first.number);
  expect(await queue.enqueue("x", 1, { after: first.number, idempotencyKey: "k" })).toMatchObject({
    number: second.number,
    duplicate: true,
  });
});

test("a backoff, time-out or text of the wrong kind is refused at enqueue and at registration", async () => {
  const queue = await openQueue();
  const backoffs = [{ delay: Number.NaN }, { delay: -1 }, { factor: 0 }, { max: "x" }, { jitter: 2 }, 7];
  for (const backoff of backoffs) {
    expect(await codeOf(queue.enqueue("x", null, { backoff: backoff as object }))).toBe("INVALID_OPTION");
    expect(() => queue.registerHandler("x", { process: () => null }, { backoff: backoff as object })).toThrow(
      "backoff",
    );
  }
  expect(await codeOf(queue.enqueue("x", null, { timeout: 1.5 }))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.enqueue("x", null, { origin: { principal: 5 } as never }))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.enqueue("x", null, { origin: "me" as never }))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.enqueue("x", null, { idempotencyKey: "" }))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.service.enqueueMany("x" as never))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.service.enqueueMany([null as never]))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.service.enqueueMany(Array.from({ length: ENQUEUE_MOST + 1 }, () => ({ type: "x" }))))).toBe(
    "INVALID_OPTION",
  );
  expect((await queue.service.list()).items).toEqual([]);
});

test("a job taken by force from a worker that does not answer runs again after its successor", async () => {
  const queue = await openQueue();
  queue.registerHandler("build", { process: () => gate().opened });
  await queue.start();
  const stuck = await queue.enqueue("build", 1, { key: "site" });
  await queue.spy.waitFor(stuck.number, "processing");
  const next = await queue.enqueue("build", 2, { key: "site" });
  queue.crash();
  const other = await queue.again();
  await other.service.retry(stuck.number, { force: true });
  expect(await other.service.getStatus(next.number)).toMatchObject({ state: "pending" });
  expect(await other.service.getStatus(stuck.number)).toMatchObject({
    state: "blocked",
    run: 2,
    waitsFor: [next.number],
  });
});

test("of two jobs with one key that came back together only one runs at a time", async () => {
  const queue = await openQueue();
  const hold = gate();
  let now = 0;
  let most = 0;
  queue.registerHandler("base", { process: () => null });
  queue.registerHandler("build", {
    async process() {
      most = Math.max(most, ++now);
      await hold.opened;
      now -= 1;
    },
  });
  // Both wait for a base, are cancelled with it one after the other, and come back with it.
  const base = await queue.enqueue("base");
  const one = await queue.enqueue("build", 1, { key: "site", after: base.number });
  await queue.service.cancel(base.number);
  const again = await queue.enqueue("base");
  const two = await queue.enqueue("build", 2, { key: "site", after: again.number });
  await queue.service.retry(base.number);
  expect((await queue.service.getStatus(one.number))?.state).toBe("blocked");
  await queue.start();
  await queue.clock.advance(100);
  hold.open();
  await queue.drain();
  expect(most).toBe(1);
  const states = [
    (await queue.service.getStatus(one.number))?.state,
    (await queue.service.getStatus(two.number))?.state,
  ];
  expect(new Set(states)).toEqual(new Set(["completed"]));
});
