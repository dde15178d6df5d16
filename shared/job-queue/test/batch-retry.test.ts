import { expect, test } from "vitest";
import { failJob } from "../src/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

test("retrying one failed member gives job and batch a second run, and brings back what was cancelled because of it", async () => {
  const queue = await openQueue();
  let broken = true;
  queue.registerHandler("op", {
    process(name: string) {
      if (broken && name === "base") throw failJob("broken");
      return name;
    },
  });
  await queue.start();
  const ends: [number, string][] = [];
  queue.events.on("batch-progress", (event) => {
    if (event.change === "ended") ends.push([event.run, event.batch.status]);
  });
  const { batchId, jobIds } = await queue.enqueueBatch([
    { type: "op", data: "base", key: "base" },
    { type: "op", data: "top", dependsOn: "base" },
    { type: "op", data: "free" },
  ]);
  const after = await queue.enqueue("op", "after", { after: batchId });
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "failed",
    completedOperations: 1,
    failedOperations: 1,
    cancelledOperations: 1,
  });
  expect(await queue.service.getStatus(after.number)).toMatchObject({ state: "cancelled", reason: "dependency" });
  broken = false;
  await queue.service.retry(jobIds[0] as string);
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "completed",
    run: 2,
    completedOperations: 3,
    failedOperations: 0,
    cancelledOperations: 0,
    errors: [],
  });
  expect(await queue.service.getStatus(jobIds[0] as string)).toMatchObject({
    run: 2,
    state: "completed",
    result: "base",
  });
  expect(await queue.wait(after.number)).toMatchObject({ run: 2, state: "completed" });
  expect(await queue.service.runs(jobIds[0] as string)).toMatchObject([
    { run: 1, state: "failed", error: { message: "broken" } },
  ]);
  await queue.drain();
  expect(ends).toEqual([
    [1, "failed"],
    [2, "completed"],
  ]);
});

test("retry of a batch runs all of its failed and cancelled members again", async () => {
  const queue = await openQueue();
  let broken = true;
  queue.registerHandler("op", {
    process(n: number) {
      if (broken && n < 2) throw failJob("no");
    },
  });
  await queue.start();
  const { batchId } = await queue.enqueueBatch([0, 1, 2].map((n) => ({ type: "op", data: n })));
  await queue.batches.wait(batchId);
  broken = false;
  await queue.service.retry(batchId);
  expect(await queue.batches.wait(batchId)).toMatchObject({ status: "completed", run: 2, completedOperations: 3 });
  expect(await codeOf(queue.service.retry(batchId))).toBe("INVALID_STATE");
});

test("with policy stop only a failure of the batch's own run stops it, not one of an earlier run", async () => {
  const queue = await openQueue({ concurrency: 2 });
  const both = gate();
  const broken = new Set([0, 1]);
  queue.registerHandler("op", {
    async process(n: number) {
      if (n === 1) both.open();
      await both.opened;
      if (broken.has(n)) throw failJob("no");
    },
  });
  queue.registerHandler("later", { process: () => undefined });
  await queue.service.pause("later");
  await queue.start();
  const { batchId, jobIds } = await queue.enqueueBatch(
    [{ type: "op", data: 0 }, { type: "op", data: 1 }, { type: "op", data: 2 }, { type: "later" }],
    { policy: "stop" },
  );
  const [first, , third, last] = jobIds as [string, string, string, string];
  expect(await queue.batches.wait(batchId)).toMatchObject({ failedOperations: 2, cancelledOperations: 2 });

  broken.delete(0);
  await queue.service.retry(first);
  expect(await queue.wait(first)).toMatchObject({ run: 2, state: "completed" });
  expect(await queue.batches.wait(batchId)).toMatchObject({ run: 2, status: "failed", failedOperations: 1 });

  broken.add(2);
  await queue.service.retry(last);
  expect(await queue.service.getStatus(last)).toMatchObject({ run: 2, state: "pending" });
  await queue.service.retry(third);
  expect(await queue.wait(third)).toMatchObject({ run: 2, state: "failed" });
  expect(await queue.wait(last)).toMatchObject({ run: 2, state: "cancelled", reason: "batch" });
});

test("a job that waits for two jobs which failed comes back only when both run again", async () => {
  const queue = await openQueue();
  let broken = true;
  const order: string[] = [];
  queue.registerHandler("op", {
    process(name: string) {
      if (broken) throw failJob("broken");
      order.push(name);
    },
  });
  await queue.start();
  const a = await queue.enqueue("op", "a");
  const b = await queue.enqueue("op", "b");
  const both = await queue.enqueue("op", "both", { after: [a.number, b.number] });
  await queue.wait(both.number);
  await queue.drain();
  broken = false;
  await queue.service.retry(a.number);
  await queue.wait(a.number);
  await queue.drain();
  expect(await queue.service.getStatus(both.number)).toMatchObject({ state: "cancelled", run: 1 });
  await queue.service.retry(b.number);
  expect(await queue.wait(both.number)).toMatchObject({ state: "completed", run: 2 });
  expect(order).toEqual(["a", "b", "both"]);
});

test("retry of a batch leaves a member alone that waits for a failed job outside of it", async () => {
  const queue = await openQueue();
  queue.registerHandler("op", {
    process(ok: boolean) {
      if (!ok) throw failJob("broken");
    },
  });
  const outside = await queue.enqueue("op", false);
  const { batchId, jobIds } = await queue.enqueueBatch([
    { type: "op", data: true, dependsOn: outside.jobId },
    { type: "op", data: true },
  ]);
  await queue.service.cancel(jobIds[1] as string);
  await queue.start();
  await queue.batches.wait(batchId);
  await queue.service.retry(batchId);
  expect(await queue.batches.wait(batchId)).toMatchObject({ run: 2, completedOperations: 1, cancelledOperations: 1 });
  expect(await queue.service.getStatus(jobIds[0] as string)).toMatchObject({ state: "cancelled", run: 1 });
  const error = await queue.service.retry(batchId).catch((e: unknown) => e as Error & { code: string });
  expect(error).toMatchObject({ code: "INVALID_STATE" });
  expect((error as Error).message).toContain(`#${outside.number}`);
});

test("a planning job that failed may add jobs again when it is retried, and adds none twice", async () => {
  const queue = await openQueue();
  let broken = true;
  queue.registerHandler("plan", {
    async process(_data, _id, job) {
      await job.addToBatch([{ type: "work", data: 1 }]);
      if (broken) throw failJob("half way");
      await job.addToBatch([{ type: "work", data: 2 }]);
    },
  });
  queue.registerHandler("work", { process: () => null });
  await queue.start();
  const { batchId } = await queue.enqueueBatch([{ type: "plan" }], { open: true });
  expect((await queue.batches.wait(batchId)).status).toBe("failed");
  broken = false;
  await queue.service.retry(batchId);
  expect(await queue.batches.wait(batchId)).toMatchObject({
    status: "completed",
    run: 2,
    open: false,
    totalOperations: 2,
    completedOperations: 2,
  });
});
