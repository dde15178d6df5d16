import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { ending, isAlive, kill, LIMIT } from "./brain-kit.ts";
import { gatesBrain, type Queued } from "./gates-brain.ts";

test("a batch of 200 survives kill -9 of its worker: the next front end starts one, every section is there once, one end is told", async () => {
  const brain = await gatesBrain();
  const queue = await brain.queue();
  const beginning = await queue.events.cursor();
  const { batchId } = await brain.json<Queued>("run", "sections", "--count", "200", "--gateAt", "120");
  if (batchId === undefined) throw new Error("no batch");

  const first = await brain.worker();
  await vi.waitFor(
    async () => expect((await queue.batches.getBatchStatus(batchId))?.completedOperations).toBe(120),
    LIMIT,
  );
  const status = await brain.run("status");
  expect(status.stdout).toContain("120/200 sections (60%)");

  kill(first);
  await vi.waitFor(() => expect(isAlive(first)).toBe(false), LIMIT);
  // Any front end will do; this one only looks.
  const after = await brain.run("status", batchId);
  expect(after.code).toBe(0);
  const second = await brain.worker();
  expect(second).not.toBe(first);

  await brain.open("sections");
  const batch = await queue.batches.wait(batchId, { timeout: LIMIT.timeout });
  expect(batch).toMatchObject({
    status: "completed",
    totalOperations: 200,
    completedOperations: 200,
    failedOperations: 0,
    cancelledOperations: 0,
    percent: 100,
    run: 1,
  });
  const written = await brain.ledger("written");
  expect(written.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));

  const { events } = await queue.events.read({ after: beginning, limit: 10_000 });
  const ends = events.filter(
    (event) => event.kind === "batch" && event.change === "ended" && event.batch.batchId === batchId,
  );
  expect(ends).toHaveLength(1);
  const jobEnds = events.flatMap((event) => (event.kind === "job" && event.change === "ended" ? [event.job.id] : []));
  expect(new Set(jobEnds).size).toBe(200);
  expect(jobEnds).toHaveLength(200);
});

test("a job killed in its third step goes on with the third, without anybody doing anything", async () => {
  const brain = await gatesBrain();
  const queue = await brain.queue();
  const { jobId } = await brain.json<Queued>("run", "steps");
  if (jobId === undefined) throw new Error("no job");
  await brain.open("one");
  await brain.open("two");
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toContain("three began"), LIMIT);

  // Nobody comes by: whoever waits sees that the worker died, and has another one started.
  const wait = brain.start("wait", jobId);
  const waiting = ending(wait);
  await once(wait.stderr, "data");
  const first = await brain.worker();
  kill(first);
  await vi.waitFor(async () => expect(await brain.worker()).not.toBe(first), LIMIT);
  await brain.open("three");
  expect((await waiting).code).toBe(0);
  expect(await queue.service.getStatus(jobId)).toMatchObject({ state: "completed", result: { steps: 3 }, run: 1 });
  expect(await brain.ledger("steps")).toEqual([
    "one began",
    "one ended",
    "two began",
    "two ended",
    "three began",
    "three began",
    "three ended",
  ]);
});

test("a question frees its slot, survives a restart, and is answered from another process", async () => {
  const brain = await gatesBrain("worker:\n  concurrency: 1\n");
  const queue = await brain.queue();
  const { jobId } = await brain.json<Queued>("run", "ask");
  if (jobId === undefined) throw new Error("no job");
  await vi.waitFor(async () => expect((await queue.service.getStatus(jobId))?.state).toBe("waiting_approval"), LIMIT);

  // The only slot is free: another job runs through it.
  const other = await brain.run("run", "sections", "--count", "1", "--gateAt", "9", "--wait");
  expect(other.code).toBe(0);

  kill(await brain.worker());
  const [request] = await queue.requests.list({ open: true });
  if (!request) throw new Error("no request");
  const seen = await brain.run("status");
  expect(seen.stdout).toContain(`#${request.number}`);
  // Without a terminal nobody can say that a person answers.
  expect((await brain.run("approve", `${request.number}`)).code).toBe(5);

  await queue.requests.decide(request.id, { choice: "approve", comment: "go", principal: "test" });
  const job = await queue.service.wait(jobId, { timeout: LIMIT.timeout });
  expect(job).toMatchObject({ state: "completed", result: { choice: "approve", comment: "go" } });
  expect(await brain.ledger("asks")).toEqual(["ran", "ran"]);
});
