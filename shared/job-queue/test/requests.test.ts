import { expect, test } from "vitest";
import { codeOf, openQueue } from "./kit.ts";

test("a request frees the slot, survives a restart, and the job goes on when another process answers", async () => {
  const queue = await openQueue({ concurrency: 1 });
  const handler = {
    async process(_data: unknown, _id: string, job: import("../src/handler.ts").JobContext) {
      const decision = await job.requestDecision({ question: "Publish?", details: { pages: 3 }, digest: "d1" });
      return `${decision.choice} of ${decision.digest} by ${decision.principal}: ${decision.comment}`;
    },
  };
  queue.registerHandler("publish", handler);
  queue.registerHandler("other", { process: () => null });
  await queue.start();
  const { number } = await queue.enqueue("publish");
  await queue.spy.waitFor(number, "waiting_approval");
  expect((await queue.wait((await queue.enqueue("other")).number)).state).toBe("completed");
  queue.crash();
  const again = await queue.again();
  again.registerHandler("publish", handler);
  await again.start();
  const person = await again.again();
  const [request] = await person.requests.list({ open: true });
  expect(request).toMatchObject({
    jobNumber: number,
    question: "Publish?",
    choices: ["approve", "reject"],
    details: { pages: 3 },
  });
  const id = request?.number as number;
  expect(await codeOf(person.requests.decide(id, { choice: "maybe" }))).toBe("INVALID_CHOICE");
  expect(await codeOf(person.requests.decide(id, { choice: "approve", digest: "other" }))).toBe("DIGEST_MISMATCH");
  expect(await codeOf(person.requests.decide("99999", { choice: "approve" }))).toBe("REQUEST_NOT_FOUND");
  const decided = await person.requests.decide(id, {
    choice: "approve",
    comment: "fine",
    principal: "ana",
    digest: "d1",
  });
  expect(decided).toMatchObject({ state: "decided", decision: { choice: "approve", principal: "ana", digest: "d1" } });
  expect(await codeOf(person.requests.decide(id, { choice: "reject" }))).toBe("ALREADY_DECIDED");
  expect((await again.wait(number)).result).toBe("approve of d1 by ana: fine");
});

test("a rejected request ends the job as rejected, an expired one as approval_timeout", async () => {
  const queue = await openQueue();
  queue.registerHandler("ask", {
    process: (ms: number | null, _id, job) => job.requestDecision({ question: "?", expiresIn: ms ?? undefined }),
  });
  await queue.start();
  const rejected = await queue.enqueue("ask", null);
  const expired = await queue.enqueue("ask", 60_000);
  await queue.spy.waitFor(rejected.number, "waiting_approval");
  await queue.spy.waitFor(expired.number, "waiting_approval");
  await queue.requests.decide(rejected.number, { choice: "reject", comment: "too early", principal: "ana" });
  expect(await queue.wait(rejected.number)).toMatchObject({
    state: "failed",
    reason: "rejected",
    error: { message: "Rejected by ana: too early." },
  });
  await queue.clock.advance(60_000);
  expect(await queue.wait(expired.number)).toMatchObject({ state: "failed", reason: "approval_timeout" });
  const [request] = await queue.requests.list({ job: expired.number });
  expect(request?.state).toBe("expired");
  expect(await codeOf(queue.requests.decide(request?.number as number, { choice: "approve" }))).toBe("ALREADY_DECIDED");
});

test("a cancel that comes while a job waits ends it at once and its request becomes void", async () => {
  const queue = await openQueue();
  queue.registerHandler("ask", { process: (_d, _i, job) => job.requestDecision({ question: "?" }) });
  await queue.start();
  const { number } = await queue.enqueue("ask");
  await queue.spy.waitFor(number, "waiting_approval");
  expect(await queue.service.cancel(number)).toEqual({ state: "cancelled", cancelling: false });
  expect((await queue.requests.list({ job: number }))[0]?.state).toBe("void");
});

test("an answer of the wrong kind is refused and the request stays open", async () => {
  const queue = await openQueue();
  queue.registerHandler("ask", { process: (_d, _i, job) => job.requestDecision({ question: "?" }) });
  await queue.start();
  const { number } = await queue.enqueue("ask");
  await queue.spy.waitFor(number, "waiting_approval");
  const wrong: object[] = [{ choice: "approve", comment: {} }, { choice: "approve", principal: 5 }, { choice: 1 }];
  for (const input of wrong) {
    expect(["INVALID_OPTION", "INVALID_CHOICE"]).toContain(
      await codeOf(queue.requests.decide(number, input as { choice: string })),
    );
  }
  expect((await queue.requests.list({ open: true })).length).toBe(1);
});
