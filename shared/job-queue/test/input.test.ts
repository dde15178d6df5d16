import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { type InputPiece, type JobContext, abortedWith } from "../src/index.ts";
import { INPUT_PENDING_PIECES, INPUT_PIECE, PROGRESS_MS } from "../src/limits.ts";
import { type TestQueue, turns } from "../src/testing/index.ts";
import { codeOf, gate, openQueue } from "./kit.ts";
import { violations } from "./invariants.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

/** A handler that reads to the end of its input; what it has read, as it comes. */
function reader(queue: TestQueue, got: (InputPiece | null)[] = []): (InputPiece | null)[] {
  queue.registerHandler("read", {
    async process(_data, _id, job) {
      for (;;) {
        const piece = await job.readInput();
        got.push(piece);
        if (piece === null) return got.length;
      }
    },
  });
  return got;
}

test("what was sent from any process, before the job began and while it reads, comes once, in order, and then its end", async () => {
  const queue = await openQueue();
  const got = reader(queue);
  const front = await queue.again();
  const { number } = await queue.enqueue("read");
  expect(await front.service.sendInput(number, { text: "one", principal: "ana", interface: "cli" })).toEqual({
    number,
    pending: 1,
  });
  expect((await front.service.sendInput(number, { text: "two" })).pending).toBe(2);
  await queue.start();
  await vi.waitFor(() => expect(got).toHaveLength(2), { timeout: 5_000, interval: 2 });
  // It waits now, in another process than the one that sends: nothing but the doorbell can tell it.
  expect((await front.service.sendInput(number, { text: "three" })).pending).toBe(1);
  await vi.waitFor(() => expect(got).toHaveLength(3), { timeout: 5_000, interval: 2 });
  await queue.service.sendInput(number, { text: "four\n", eof: true });
  expect(await queue.wait(number)).toMatchObject({ state: "completed", result: 5 });
  expect(got.map((piece) => piece?.text)).toEqual(["one", "two", "three", "four\n", undefined]);
  expect(got.map((piece) => piece?.eof)).toEqual([false, false, false, true, undefined]);
  expect(queue.internalErrors).toEqual([]);
});

test("calls that read at the same time get one piece each, in their order", async () => {
  const queue = await openQueue();
  queue.registerHandler("read", {
    process: async (_data, _id, job) => {
      const all = await Promise.all([job.readInput(), job.readInput(), job.readInput(), job.readInput()]);
      return all.map((piece) => piece?.text ?? null);
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("read");
  for (const text of ["a", "b"]) await queue.service.sendInput(number, { text });
  await queue.service.sendInput(number, { eof: true });
  expect((await queue.wait(number)).result).toEqual(["a", "b", "", null]);
});

test("a later attempt goes on behind what an earlier one was given; another run begins with nothing", async () => {
  const queue = await openQueue();
  const got: string[] = [];
  queue.registerHandler(
    "read",
    {
      async process(_data, _id, job) {
        const piece = await job.readInput();
        got.push(`${job.run}.${job.attempt} ${piece?.text}`);
        if (job.attempt === 1) throw new Error("again");
      },
    },
    { maxAttempts: 2, backoff: { delay: 1_000, jitter: 0 } },
  );
  const { number } = await queue.enqueue("read");
  for (const text of ["a", "b", "c"]) await queue.service.sendInput(number, { text });
  await queue.service.sendInput(number, { eof: true });
  await queue.start();
  await queue.drain();
  expect(got).toEqual(["1.1 a", "1.2 b"]);
  expect(await codeOf(queue.service.sendInput(number, { text: "late" }))).toBe("INVALID_STATE");
  await queue.service.retry(number);
  const db = new Sqlite(queue.path, { readonly: true });
  expect(violations(db)).toEqual([]);
  db.close();
  expect((await queue.service.sendInput(number, { text: "d" })).pending).toBe(1);
  await queue.service.sendInput(number, { text: "e" });
  await queue.drain();
  expect(got.slice(2)).toEqual(["2.1 d", "2.2 e"]);
});

test("an attempt that was taken away reads nothing more, and what it did not read is there for the next", async () => {
  const queue = await openQueue();
  const reasons: unknown[] = [];
  const reads = gate();
  queue.registerHandler("read", {
    async process(_data, _id, job) {
      const read = job.readInput();
      reads.open();
      return read.catch((error: { code?: string }) => void reasons.push(error.code, error === job.signal.reason));
    },
  });
  await queue.start();
  const { number } = await queue.enqueue("read");
  await reads.opened;
  await turns();
  const [worker] = await queue.workers();
  queue.worker.abandon();
  const other = await queue.again();
  const got = reader(other);
  await other.start();
  await vi.waitFor(async () => expect((await other.workers()).map(({ id }) => id)).not.toContain(worker?.id));
  await other.clock.advance(250);
  await other.service.sendInput(number, { text: "for the second", eof: true });
  expect(await other.wait(number)).toMatchObject({ state: "completed", result: 2 });
  expect(got[0]).toMatchObject({ text: "for the second" });
});

test("a cancel, a time-out, a stall and a stop end a read with the reason of the signal", async () => {
  const queue = await openQueue();
  const reasons: unknown[] = [];
  const read = {
    process: (_data: unknown, _id: string, job: JobContext) =>
      job.readInput().catch((error: { code: string }) => {
        reasons.push(error.code, error === job.signal.reason);
        throw abortedWith("Stopped 4 processes.");
      }),
  };
  queue.registerHandler("plain", read, { maxAttempts: 1 });
  queue.registerHandler("short", read, { maxAttempts: 1, timeout: 500 });
  queue.registerHandler("still", read, { maxAttempts: 1, stallAfter: 500 });
  await queue.start();
  const end = async (type: string): Promise<number> => {
    const { number } = await queue.enqueue(type);
    await queue.spy.waitFor(number, "processing");
    return number;
  };
  const cancelled = await end("plain");
  await queue.service.cancel(cancelled);
  expect((await queue.wait(cancelled)).error?.message).toBe("The job was cancelled. Stopped 4 processes.");
  const short = await end("short");
  await queue.clock.advance(500);
  expect((await queue.wait(short)).error?.message).toBe(
    "It ran longer than its time-out of 500 ms. Stopped 4 processes.",
  );
  const still = await end("still");
  await queue.clock.advance(1_000);
  expect(await queue.wait(still)).toMatchObject({ reason: "stalled" });
  expect((await queue.service.getStatus(still))?.error?.message).toMatch(/ms\. Stopped 4 processes\.$/);
  const stopped = await end("plain");
  const stop = queue.worker.stop({ grace: 0 });
  await queue.clock.advance(1_000);
  await stop;
  expect(await queue.service.getStatus(stopped)).toMatchObject({ state: "pending", attempt: 0 });
  expect(reasons).toEqual(["cancelled", true, "timeout", true, "stalled", true, "stopping", true]);
});

test("a note of how an attempt ended is an error like others where nothing was aborted", async () => {
  const queue = await openQueue();
  queue.registerHandler("t", { process: () => Promise.reject(abortedWith("a note")) }, { maxAttempts: 1 });
  await queue.start();
  const { number } = await queue.enqueue("t");
  expect(await queue.wait(number)).toMatchObject({ state: "failed", reason: "error", error: { message: "a note" } });
});

test("that a job waits for input is seen and followed, does not count as a stall, and ends with its attempt", async () => {
  const queue = await openQueue();
  const told: [string, string | undefined][] = [];
  queue.events.subscribe({}, (event) => {
    if (event.kind === "job") told.push([event.change, event.job.waitingFor]);
  });
  const asked = gate();
  const last = gate();
  queue.registerHandler(
    "ask",
    {
      async process(_data, _id, job) {
        if (job.attempt === 2) return last.opened;
        job.waitsForInput(true);
        job.waitsForInput(true);
        asked.open();
        await job.readInput();
        job.waitsForInput(false);
        await job.readInput();
        // Ends while it says so.
        job.waitsForInput(true);
        await job.readInput();
        throw new Error("again");
      },
    },
    { maxAttempts: 2, stallAfter: 1_000, backoff: { delay: 60_000, jitter: 0 } },
  );
  await queue.start();
  const { number } = await queue.enqueue("ask");
  const waitingFor = async () => (await queue.service.getStatus(number))?.waitingFor;
  await asked.opened;
  await turns();
  expect(await waitingFor()).toBe("input");
  expect((await queue.service.list({ active: true })).items[0]?.waitingFor).toBe("input");
  await queue.clock.advance(10_000);
  expect(await waitingFor()).toBe("input");
  await queue.service.sendInput(number, { text: "a" });
  await turns();
  expect(await waitingFor()).toBeUndefined();
  await queue.service.sendInput(number, { text: "b" });
  await turns();
  await queue.clock.advance(PROGRESS_MS);
  expect(await waitingFor()).toBe("input");
  await queue.service.sendInput(number, { text: "c" });
  await turns();
  expect(await queue.service.getStatus(number)).toMatchObject({ state: "pending", attempt: 1, waitingFor: undefined });
  expect(told.filter(([change]) => change === "input")).toEqual([
    ["input", "input"],
    ["input", undefined],
    ["input", "input"],
  ]);
  await queue.clock.advance(60_000);
  expect(await queue.service.getStatus(number)).toMatchObject({
    state: "processing",
    attempt: 2,
    waitingFor: undefined,
  });
  last.open();
  expect(await queue.wait(number)).toMatchObject({ state: "completed", waitingFor: undefined });
});

test("input that cannot be is refused with a code, and a refused piece is not sent", async () => {
  const queue = await openQueue();
  const got = reader(queue);
  const { number } = await queue.enqueue("read");
  const send = (input: object, ref: number = number) => codeOf(queue.service.sendInput(ref, input));
  expect(await send({ text: "x" }, 99)).toBe("JOB_NOT_FOUND");
  for (const wrong of [{}, { text: "" }, { text: 1 }, { text: "x", eof: "yes" }, { text: "x", principal: 1 }])
    expect(await send(wrong)).toBe("INVALID_OPTION");
  expect(await send({ text: "x".repeat(INPUT_PIECE + 1) })).toBe("TOO_LARGE");
  for (let i = 0; i < 4; i++) expect(await send({ text: "x".repeat(INPUT_PIECE) })).toBeUndefined();
  expect(await send({ text: "x" })).toBe("INPUT_FULL");
  await queue.start();
  await vi.waitFor(() => expect(got).toHaveLength(4));
  expect(await send({ text: "last", eof: true })).toBeUndefined();
  expect(await send({ text: "more" })).toBe("INPUT_CLOSED");
  expect((await queue.wait(number)).result).toBe(6);
  expect(await send({ text: "more" })).toBe("INVALID_STATE");

  await queue.worker.stop({ grace: 0 });
  const many = (await queue.enqueue("read")).number;
  await Promise.all(Array.from({ length: INPUT_PENDING_PIECES }, () => queue.service.sendInput(many, { text: "x" })));
  expect(await send({ eof: true }, many)).toBe("INPUT_FULL");
});
