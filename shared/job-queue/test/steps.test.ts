import { expect, test } from "vitest";
import { openQueue } from "./kit.ts";

test("a finished step is not repeated by a later attempt", async () => {
  const queue = await openQueue();
  const ran: string[] = [];
  queue.registerHandler(
    "steps",
    {
      async process(_data, _id, job) {
        const a = await job.step("a", () => (ran.push("a"), { n: 1 }));
        const b = await job.step("b", () => (ran.push("b"), undefined));
        if (job.attempt === 1) throw new Error("after b");
        return [a, b];
      },
    },
    { backoff: { delay: 0 } },
  );
  await queue.start();
  const job = await queue.wait((await queue.enqueue("steps")).jobId);
  expect(job.result).toEqual([{ n: 1 }, null]);
  expect(ran).toEqual(["a", "b"]);
});

test("resume keeps finished steps, retry starts from the beginning", async () => {
  const queue = await openQueue();
  const ran: string[] = [];
  let broken = true;
  queue.registerHandler(
    "work",
    {
      async process(_data, _id, job) {
        await job.step("load", () => void ran.push(`load ${job.run}`));
        if (broken) throw new Error("no");
      },
    },
    { maxAttempts: 1 },
  );
  await queue.start();
  const { number } = await queue.enqueue("work");
  await queue.wait(number);
  broken = false;
  await queue.service.resume(number);
  expect(await queue.wait(number)).toMatchObject({ state: "completed", run: 2 });
  await queue.service.retry(number);
  expect(await queue.wait(number)).toMatchObject({ state: "completed", run: 3 });
  expect(ran).toEqual(["load 1", "load 3"]);
});

test("two steps of one name at the same time run once", async () => {
  const queue = await openQueue();
  let ran = 0;
  queue.registerHandler("twice", {
    process: (_d, _i, job) => Promise.all([job.step("s", () => ++ran), job.step("s", () => ++ran)]),
  });
  await queue.start();
  expect((await queue.wait((await queue.enqueue("twice")).jobId)).result).toEqual([1, 1]);
});

test("a reviewed step asks before going on: retry runs it again with the remark, continue goes on", async () => {
  const queue = await openQueue();
  const drafts: string[] = [];
  queue.registerHandler("write", {
    async process(_data, _id, job) {
      const draft = await job.step(
        "draft",
        ({ remark }) => {
          const text = remark === undefined ? "first" : `better (${remark})`;
          drafts.push(text);
          return text;
        },
        { review: true },
      );
      return `published ${draft}`;
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("write");
  await queue.spy.waitFor(number, "waiting_approval");
  const [first] = await queue.requests.list({ open: true });
  expect(first).toMatchObject({
    choices: ["continue", "retry", "cancel"],
    details: { step: "draft", result: "first" },
  });
  await queue.requests.decide(number, { choice: "retry", comment: "shorter" });
  await queue.spy.waitFor(
    (job) => job.number === number && job.request !== undefined && job.request !== first?.number,
    "waiting_approval",
  );
  await queue.requests.decide(number, { choice: "continue" });
  expect((await queue.wait(number)).result).toBe("published better (shorter)");
  expect(drafts).toEqual(["first", "better (shorter)"]);
});
