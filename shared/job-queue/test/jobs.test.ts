import { expect, test } from "vitest";
import { z } from "zod";
import { codeOf, gate, openQueue } from "./kit.ts";

test("a job runs, and its result, progress and log are kept", async () => {
  const queue = await openQueue();
  queue.registerHandler("greet", {
    process(data: { name: string }, _id, job) {
      job.progress({ current: 1, total: 1, unit: "people" });
      job.log("first");
      job.log("second", "stderr");
      return { text: `hello ${data.name}` };
    },
  });
  await queue.start();
  const { jobId, number } = await queue.enqueue("greet", { name: "Ana" }, { label: "greet Ana" });
  const job = await queue.wait(jobId);
  expect(job).toMatchObject({
    number,
    state: "completed",
    result: { text: "hello Ana" },
    run: 1,
    attempt: 1,
    label: "greet Ana",
  });
  expect(job.progress).toMatchObject({ current: 1, total: 1, unit: "people" });
  const { lines, ended } = await queue.service.logs(number);
  expect(lines.map((line) => [line.stream, line.text])).toEqual([
    ["note", "first"],
    ["stderr", "second"],
  ]);
  expect(ended).toBe(true);
});

test("a job that was accepted is there after the queue was opened again", async () => {
  const queue = await openQueue();
  const { jobId } = await queue.enqueue("later", { n: 1 });
  queue.crash();
  const again = await queue.again();
  expect(await again.service.getStatus(jobId)).toMatchObject({ state: "pending", data: { n: 1 } });
});

test("a job that reports success: false has failed", async () => {
  const queue = await openQueue();
  queue.registerHandler(
    "liar",
    { process: () => ({ success: false, error: "nothing was written" }) },
    { maxAttempts: 1 },
  );
  await queue.start();
  const job = await queue.wait((await queue.enqueue("liar")).jobId);
  expect(job).toMatchObject({ state: "failed", reason: "error", error: { message: "nothing was written" } });
});

test("data that does not fit is refused at enqueue, naming the field, and nothing is stored", async () => {
  const queue = await openQueue();
  queue.registerHandler("typed", { process: () => null }, { schema: z.object({ urls: z.array(z.url()) }) });
  const error = await queue
    .enqueue("typed", { urls: ["nonsense"] })
    .catch((e: unknown) => e as Error & { code: string });
  expect(error).toMatchObject({ code: "INVALID_DATA" });
  expect((error as Error).message).toContain("urls.0");
  expect((await queue.service.list()).items).toEqual([]);
});

test("data that was accepted by a process without the handler fails as invalid_data when it runs, without retries", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("typed", { n: "one" });
  queue.registerHandler("typed", { process: () => null }, { schema: z.object({ n: z.number() }) });
  await queue.start();
  expect(await queue.wait(number)).toMatchObject({ state: "failed", reason: "invalid_data", attempt: 1 });
});

test("a handler gets the parsed data, defaults filled in, on each attempt", async () => {
  const queue = await openQueue();
  const seen: unknown[] = [];
  queue.registerHandler(
    "parse",
    { process: (data) => void seen.push(data) },
    { schema: z.object({ n: z.coerce.number(), m: z.number().default(7) }) as never },
  );
  await queue.start();
  await queue.wait((await queue.enqueue("parse", { n: "3" })).jobId);
  expect(seen).toEqual([{ n: 3, m: 7 }]);
});

test("no more jobs of a type run at once than its concurrency allows, in two processes together", async () => {
  const one = await openQueue();
  const two = await one.again();
  const hold = gate();
  let now = 0;
  let most = 0;
  const handler = {
    async process() {
      most = Math.max(most, ++now);
      await hold.opened;
      now -= 1;
    },
  };
  for (const queue of [one, two]) queue.registerHandler("narrow", handler, { concurrency: 3 });
  await one.start();
  await two.start();
  const jobs = await one.service.enqueueMany(Array.from({ length: 12 }, () => ({ type: "narrow" })));
  await one.spy.waitFor(jobs[2]?.number as number, "processing");
  two.worker.foreign();
  await one.clock.advance(1_000);
  expect(now).toBe(3);
  hold.open();
  for (const job of jobs) await one.wait(job.number);
  expect(most).toBe(3);
});

test("several enqueues are accepted or refused together", async () => {
  const queue = await openQueue();
  expect(await codeOf(queue.service.enqueueMany([{ type: "a" }, { type: "b", after: "999" }]))).toBe("JOB_NOT_FOUND");
  expect((await queue.service.list()).items).toEqual([]);
});

test("wait inside a handler is refused, because it would hold the slot", async () => {
  const queue = await openQueue();
  queue.registerHandler("parent", { process: async () => codeOf(queue.wait((await queue.enqueue("child")).jobId)) });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("parent")).jobId)).result).toBe("WAIT_INSIDE_HANDLER");
});

test("a wait that times out says so and leaves the job alone", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("nobody");
  const waiting = codeOf(queue.wait(number, { timeout: 1_000 }));
  await queue.clock.advance(1_000);
  expect(await waiting).toBe("WAIT_TIMEOUT");
  expect((await queue.service.getStatus(number))?.state).toBe("pending");
});

test("a listener that hears of a job which a handler enqueued may wait for it", async () => {
  const queue = await openQueue();
  const heard = gate();
  let code: string | undefined = "not called";
  queue.events.on("job-progress", (event) => {
    if (event.change !== "enqueued" || event.job.type !== "child") return;
    void codeOf(queue.wait(event.job.number)).then((result) => {
      code = result;
      heard.open();
    });
  });
  queue.registerHandler("parent", { process: async () => (await queue.enqueue("child")).number });
  queue.registerHandler("child", { process: () => null });
  await queue.start();
  await queue.enqueue("parent");
  await heard.opened;
  expect(code).toBeUndefined();
});

test("a job that completed without a result does not show the error of an earlier try", async () => {
  const queue = await openQueue();
  let tries = 0;
  queue.registerHandler(
    "flaky",
    {
      async process() {
        tries += 1;
        if (tries === 1) throw new Error("the first time");
      },
    },
    { maxAttempts: 2, backoff: { delay: 0 } },
  );
  await queue.start();
  const { jobId } = await queue.enqueue("flaky", {});
  expect(await queue.wait(jobId)).toMatchObject({ state: "completed", attempt: 2, error: undefined });
});
