import { expect, test } from "vitest";
import { failJob } from "../src/index.ts";
import { codeOf, gate, impatient, openQueue } from "./kit.ts";

test("a batch counts its jobs, ends once when all have ended, and lists what failed", async () => {
  const queue = await openQueue();
  const ends: string[] = [];
  queue.events.on("batch-progress", (event) => {
    if (event.change === "ended") ends.push(event.batch.status);
  });
  queue.registerHandler("page", {
    process(data: number) {
      if (data === 3) throw failJob("page 3 is broken");
    },
  });
  await queue.start();
  const made = await queue.enqueueBatch(
    [1, 2, 3, 4].map((n) => ({ type: "page", data: n, label: `page ${n}` })),
    { label: "site", unit: "pages" },
  );
  expect(made.totalOperations).toBe(4);
  const batch = await queue.batches.wait(made.batchId);
  expect(batch).toMatchObject({
    status: "failed",
    percent: 100,
    totalOperations: 4,
    completedOperations: 3,
    failedOperations: 1,
    unit: "pages",
    open: false,
  });
  expect(batch.errors).toMatchObject([{ label: "page 3", message: "page 3 is broken", jobId: made.jobIds[2] }]);
  await queue.drain();
  expect(ends).toEqual(["failed"]);
});

test("a batch is refused whole when one member is wrong", async () => {
  const queue = await openQueue();
  expect(await codeOf(queue.enqueueBatch([{ type: "a" }, { type: "b", dependsOn: 99_999 }]))).toBe("JOB_NOT_FOUND");
  expect(await codeOf(queue.enqueueBatch([{ type: "a" }, { type: "no spaces allowed" }]))).toBe("INVALID_OPTION");
  expect((await queue.service.list()).items).toEqual([]);
  expect((await queue.batches.list()).items).toEqual([]);
});

test("members that wait for each other in a circle are refused", async () => {
  const queue = await openQueue();
  const circle = queue.enqueueBatch([
    { type: "a", key: "a", dependsOn: "b" },
    { type: "b", key: "b", dependsOn: "a" },
  ]);
  expect(await codeOf(circle)).toBe("DEPENDENCY_CYCLE");
});

test("members run after those they depend on, whatever their order", async () => {
  const queue = await openQueue();
  const order: string[] = [];
  queue.registerHandler("stage", { process: (name: string) => void order.push(name) });
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch([
    { type: "stage", data: "roof", key: "roof", dependsOn: "walls" },
    { type: "stage", data: "walls", key: "walls", dependsOn: ["floor"] },
    { type: "stage", data: "floor", key: "floor" },
  ]);
  await queue.batches.wait(batchId);
  expect(order).toEqual(["floor", "walls", "roof"]);
  expect((await queue.service.getStatus(jobIds[0] as string))?.data).toBe("roof");
});

test("policy stop cancels the members that have not started", async () => {
  const queue = await openQueue({ concurrency: 1 });
  queue.registerHandler("op", {
    process(n: number) {
      if (n === 1) throw failJob("no");
    },
  });
  await queue.start();
  const { batchId } = await queue.enqueueBatch(
    [0, 1, 2, 3].map((n) => ({ type: "op", data: n })),
    { policy: "stop" },
  );
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "failed",
    completedOperations: 1,
    failedOperations: 1,
    cancelledOperations: 2,
  });
  expect((await queue.service.list({ batch: batchId, state: "cancelled" })).items.map((job) => job.reason)).toEqual([
    "batch",
    "batch",
  ]);
});

test("cancel ends waiting members at once and running ones by their signal; the batch stays cancelled", async () => {
  const queue = await openQueue({ concurrency: 1 });
  const other = await queue.again();
  queue.registerHandler("op", {
    process: (_data, _id, job) =>
      new Promise((_, reject) => job.signal.addEventListener("abort", () => reject(job.signal.reason as Error))),
  });
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch([1, 2, 3].map((n) => ({ type: "op", data: n })));
  await queue.spy.waitFor(jobIds[0] as string, "processing");
  const seen = await other.batches.cancelBatch(batchId);
  expect(seen).toMatchObject({ cancelling: true, cancelledOperations: 2, processingOperations: 1 });
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "cancelled",
    cancelling: false,
    cancelledOperations: 3,
  });
  expect((await queue.service.list({ batch: batchId })).items.map((job) => job.reason)).toEqual([
    "batch",
    "batch",
    "batch",
  ]);
  await queue.drain();
  expect((await queue.batches.getBatchStatus(batchId))?.status).toBe("cancelled");
  expect(await codeOf(queue.batches.cancelBatch(batchId))).toBe("INVALID_STATE");
});

test("an empty batch is completed", async () => {
  const queue = await openQueue();
  const { batchId } = await queue.enqueueBatch([]);
  expect(await queue.batches.getBatchStatus(batchId)).toMatchObject({ status: "completed", percent: 100 });
});

test("a planning job adds members to its open batch, which closes when the planning job has ended", async () => {
  const queue = await openQueue();
  queue.registerHandler("plan", {
    async process(_data, _id, job) {
      const { jobIds } = await job.addToBatch([1, 2, 3].map((n) => ({ type: "work", data: n })));
      return jobIds.length;
    },
  });
  queue.registerHandler("work", { process: (n: number) => n });
  await queue.start();
  const { batchId, totalOperations } = await queue.enqueueBatch([{ type: "plan" }], { open: true, unit: "things" });
  expect(totalOperations).toBe(0);
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "completed",
    open: false,
    totalOperations: 3,
    completedOperations: 3,
  });
  expect(await codeOf(queue.batches.addToBatch(batchId, [{ type: "work", data: 9 }]))).toBe("BATCH_CLOSED");
});

test("a planning job that runs again adds nothing twice", async () => {
  const queue = await openQueue();
  queue.registerHandler(
    "plan",
    {
      async process(_data, _id, job) {
        await job.addToBatch([
          { type: "work", data: 1 },
          { type: "work", data: 1 },
          { type: "work", data: 2 },
        ]);
        if (job.attempt < 3) throw new Error("again");
      },
    },
    { maxAttempts: 3, backoff: { delay: 0 } },
  );
  queue.registerHandler("work", { process: () => null });
  await queue.start();
  const { batchId } = await queue.enqueueBatch([{ type: "plan" }], { open: true });
  expect(await queue.batches.wait(batchId)).toMatchObject({ totalOperations: 3, completedOperations: 3 });
});

test("the counts of a batch are those of its jobs, whatever happened", async () => {
  const queue = await openQueue({ concurrency: 2 });
  queue.registerHandler(
    "op",
    {
      process(n: number) {
        if (n % 5 === 0) throw failJob("five");
        if (n % 7 === 0) throw new Error("seven");
      },
    },
    { maxAttempts: 2, backoff: { delay: 0 } },
  );
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch(Array.from({ length: 50 }, (_, n) => ({ type: "op", data: n })));
  await queue.service.cancel(jobIds[49] as string);
  const batch = await queue.batches.wait(batchId);
  const states = (await queue.service.list({ batch: batchId, limit: 100 })).items.map((job) => job.state);
  const count = (state: string) => states.filter((each) => each === state).length;
  expect(batch).toMatchObject({
    completedOperations: count("completed"),
    failedOperations: count("failed"),
    cancelledOperations: count("cancelled"),
    processingOperations: 0,
  });
  expect(batch.failedOperations + batch.completedOperations + batch.cancelledOperations).toBe(50);
});

test("a running batch names its current operation", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("op", { process: () => hold.opened });
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch([{ type: "op", label: "about/hero" }]);
  await queue.spy.waitFor(jobIds[0] as string, "processing");
  expect(await queue.batches.getBatchStatus(batchId)).toMatchObject({
    status: "processing",
    currentOperation: "about/hero",
    percent: 0,
  });
  expect((await queue.batches.getActiveBatches()).map((batch) => batch.batchId)).toEqual([batchId]);
  hold.open();
  await queue.batches.wait(batchId);
  expect(await queue.batches.getActiveBatches()).toEqual([]);
});

test("a planning job counts as an operation only when it fails", async () => {
  const queue = await openQueue();
  queue.registerHandler("plan", {
    process(broken: boolean) {
      if (broken) throw failJob("no plan");
    },
  });
  await queue.start();
  const empty = await queue.enqueueBatch([{ type: "plan", data: false }], { open: true });
  expect(await queue.batches.wait(empty.batchId)).toMatchObject({
    status: "completed",
    totalOperations: 0,
    percent: 100,
  });
  const broken = await queue.enqueueBatch([{ type: "plan", data: true }], { open: true });
  expect(await queue.batches.wait(broken.batchId)).toMatchObject({
    status: "failed",
    totalOperations: 1,
    failedOperations: 1,
  });
});

test("a planning job whose attempt was taken away adds nothing any more", async () => {
  const queue = await openQueue();
  const hold = gate();
  let late: Promise<string | undefined> | undefined;
  queue.registerHandler("plan", {
    async process(_data, _id, job) {
      await hold.opened;
      late = codeOf(job.addToBatch([{ type: "work", data: 1 }]));
      await late;
    },
  });
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch([{ type: "plan" }], { open: true });
  await queue.spy.waitFor(jobIds[0] as string, "processing");
  queue.service.unregisterHandler("plan");
  const other = await impatient(queue);
  await other.service.retry(jobIds[0] as string, { force: true });
  hold.open();
  await queue.clock.advance(1);
  expect(await late).toBe("lost");
  expect((await queue.service.list({ batch: batchId })).items).toHaveLength(1);
});

test("a repeated batch gives its ids in the order of its operations", async () => {
  const queue = await openQueue();
  const operations = [
    { type: "x", data: 1, key: "last", dependsOn: "first" },
    { type: "x", data: 2, key: "first" },
  ];
  const first = await queue.enqueueBatch(operations, { idempotencyKey: "k" });
  expect((await queue.enqueueBatch(operations, { idempotencyKey: "k" })).jobIds).toEqual(first.jobIds);
});

test("a batch with options of the wrong kind is refused", async () => {
  const queue = await openQueue();
  const wrong: unknown[] = [{ label: 1 }, { unit: {} }, { idempotencyKey: 5 }, { open: "yes" }, { policy: "x" }];
  for (const options of wrong)
    expect(await codeOf(queue.enqueueBatch([{ type: "x" }], options as object))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.enqueueBatch("x" as never))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.enqueueBatch([null as never]))).toBe("INVALID_OPTION");
  expect((await queue.batches.list()).items).toEqual([]);
});
