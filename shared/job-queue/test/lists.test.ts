import { expect, test } from "vitest";
import { openFile } from "../src/sqlite.ts";
import { codeOf, gate, openQueue } from "./kit.ts";

test("lists filter by state, type, plugin, person, conversation and time, newest first", async () => {
  const queue = await openQueue();
  queue.registerHandler("a:one", { process: () => null });
  await queue.start();
  const done = await queue.enqueue("a:one", null, { origin: { principal: "ana", conversation: "room" } });
  await queue.wait(done.number);
  await queue.clock.advance(60_000);
  const since = queue.clock.now();
  const waiting = await queue.enqueue("b:two", null, { origin: { principal: "ben" } });
  const later = await queue.enqueue("b:three", null, { delay: 1_000 });
  const numbers = async (filter: object) => (await queue.service.list(filter)).items.map((job) => job.number);
  expect(await numbers({})).toEqual([later.number, waiting.number, done.number]);
  expect(await numbers({ state: "pending" })).toEqual([later.number, waiting.number]);
  expect(await numbers({ state: ["completed", "failed"] })).toEqual([done.number]);
  expect(await numbers({ type: "b:two" })).toEqual([waiting.number]);
  expect(await numbers({ plugin: "b" })).toEqual([later.number, waiting.number]);
  expect(await numbers({ plugin: "b%" })).toEqual([]);
  expect(await numbers({ principal: "ana" })).toEqual([done.number]);
  expect(await numbers({ conversation: "room" })).toEqual([done.number]);
  expect(await numbers({ since })).toEqual([later.number, waiting.number]);
  expect(await numbers({ endedSince: since })).toEqual([]);
  expect(await numbers({ active: true })).toEqual([later.number, waiting.number]);
  expect(await numbers({ active: false })).toEqual([done.number]);
  expect(await queue.service.count({ active: true })).toEqual({ count: 2, capped: false });
  expect((await queue.service.getActiveJobs(["b:two"])).map((job) => job.number)).toEqual([waiting.number]);
  expect((await queue.service.getJobsByStatus("completed")).map((job) => job.number)).toEqual([done.number]);
});

test("pages neither repeat nor skip while jobs come and go", async () => {
  const queue = await openQueue();
  await queue.service.enqueueMany(Array.from({ length: 25 }, () => ({ type: "x" })));
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await queue.service.list({ limit: 10, cursor });
    seen.push(...page.items.map((job) => job.number));
    cursor = page.next;
    await queue.enqueue("x");
  } while (cursor !== undefined);
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
  expect(await codeOf(queue.service.list({ cursor: "nonsense" }))).toBe("INVALID_CURSOR");
  expect(await codeOf(queue.service.list({ limit: 1e9 }))).toBe("INVALID_OPTION");
});

test("a job is found by number, #number, id and the start of its id, and by nothing else", async () => {
  const queue = await openQueue();
  const { jobId, number } = await queue.enqueue("x");
  const batch = await queue.enqueueBatch([]);
  for (const ref of [number, `${number}`, `#${number}`, jobId, jobId.slice(0, 8), ` ${jobId} `]) {
    expect((await queue.service.getStatus(ref))?.id).toBe(jobId);
  }
  for (const ref of [
    "",
    "0",
    "-1",
    "abc",
    `${number}-zzzz`,
    `${jobId}x`,
    "%",
    "1 OR 1=1",
    1.5,
    Number.NaN,
    batch.batchId,
  ]) {
    expect(await queue.service.getStatus(ref)).toBeNull();
  }
  expect(await queue.resolve(batch.number)).toMatchObject({ kind: "batch", id: batch.batchId });
  expect(await codeOf(queue.service.cancel(batch.batchId))).toBe("JOB_NOT_FOUND");
});

test("ids cannot be guessed from one another", async () => {
  const queue = await openQueue();
  const jobs = await queue.service.enqueueMany(Array.from({ length: 500 }, () => ({ type: "x" })));
  const secrets = jobs.map((job) => job.jobId.split("-")[1] as string);
  expect(new Set(secrets).size).toBe(500);
  for (const secret of secrets) expect(secret).toMatch(/^[0-9a-z]{26}$/);
});

test("delete removes ended work only, and all of it", async () => {
  const queue = await openQueue();
  const hold = gate();
  queue.registerHandler("x", { process: (_d, _i, job) => (job.log("l"), hold.opened) });
  await queue.start();
  const one = await queue.enqueue("x");
  await queue.spy.waitFor(one.number, "processing");
  expect(await codeOf(queue.service.delete(one.number))).toBe("INVALID_STATE");
  hold.open();
  await queue.wait(one.number);
  await queue.service.delete(one.number);
  expect(await queue.service.getStatus(one.number)).toBeNull();
  const batch = await queue.enqueueBatch([{ type: "x" }]);
  await queue.batches.wait(batch.batchId);
  expect(await codeOf(queue.service.delete(batch.jobIds[0] as string))).toBe("INVALID_STATE");
  await queue.service.delete(batch.batchId);
  expect(await queue.service.getStatus(batch.jobIds[0] as string)).toBeNull();
  expect(await queue.batches.getBatchStatus(batch.batchId)).toBeNull();
});

test("past durations give a median and a 90th percentile", async () => {
  const queue = await openQueue();
  let current = gate();
  queue.registerHandler("x", { process: () => current.opened });
  await queue.start();
  expect(await queue.service.durations("x")).toBeNull();
  for (const ms of [10, 20, 30, 40, 1_000]) {
    current = gate();
    const { number } = await queue.enqueue("x");
    await queue.spy.waitFor(number, "processing");
    await queue.clock.advance(ms);
    current.open();
    await queue.wait(number);
  }
  expect(await queue.service.durations("x")).toEqual({ count: 5, median: 30, p90: 1_000 });
});

test("small values are kept by namespace, and replies by key", async () => {
  const queue = await openQueue();
  await queue.kv.set("a", "k/1", { n: 1 });
  await queue.kv.set("a", "k/2", null);
  await queue.kv.set("b", "k/1", "other");
  const other = await queue.again();
  expect(await other.kv.get("a", "k/1")).toEqual({ n: 1 });
  expect(await other.kv.list("a", "k/")).toEqual([
    { key: "k/1", value: { n: 1 } },
    { key: "k/2", value: null },
  ]);
  expect(await other.kv.delete("a", "k/1")).toBe(true);
  expect(await other.kv.delete("a", "k/1")).toBe(false);
  expect(await codeOf(queue.kv.set("", "k", 1))).toBe("INVALID_OPTION");
  expect(await queue.keys.begin("call", "k", "h")).toEqual({ state: "new" });
  expect(await other.keys.begin("call", "k", "h")).toEqual({ state: "pending" });
  await queue.keys.finish("call", "k", "h", { ok: true });
  expect(await other.keys.begin("call", "k", "h")).toEqual({ state: "done", reply: { ok: true } });
  expect(await codeOf(other.keys.begin("call", "k", "other"))).toBe("IDEMPOTENCY_MISMATCH");
  await queue.clock.advance(8 * 24 * 3_600_000);
  expect(await queue.keys.begin("call", "k", "other")).toEqual({ state: "new" });
});

test("filters, limits, keys and values of the wrong kind are refused", async () => {
  const queue = await openQueue();
  const wrong = [
    queue.service.list({ state: "done" as never }),
    queue.service.getJobsByStatus("x" as never),
    queue.service.count({ state: ["pending", "x"] as never }),
    queue.batches.list({ status: "done" as never }),
    queue.events.read({ limit: -1 }),
    queue.events.read({ limit: Number.NaN }),
    queue.kv.get(undefined as never, "k"),
    queue.kv.delete("ns", 5 as never),
    queue.kv.list({} as never),
    queue.keys.begin("", "k", "h"),
    queue.keys.finish("s", "", "h", 1),
  ];
  for (const each of wrong) expect(await codeOf(each)).toBe("INVALID_OPTION");
  expect(await codeOf(queue.wait((await queue.enqueue("x")).number, { timeout: Number.NaN }))).toBe("INVALID_OPTION");
  expect(await codeOf(queue.keys.finish("s", "k", "h", "x".repeat(3_000_000)))).toBe("TOO_LARGE");
});

test("a page of jobs with large payloads and results leaves them out, and so do events; the job itself has them", async () => {
  const queue = await openQueue();
  await queue.start();
  const long = "x".repeat(20_000);
  queue.registerHandler("echo", { process: (data) => data });
  const { jobId } = await queue.enqueue("echo", { long });
  const { jobId: short } = await queue.enqueue("echo", { short: true });
  await Promise.all([queue.wait(jobId), queue.wait(short)]);
  const { items } = await queue.service.list();
  expect(items.map(({ data, result }) => [data, result])).toEqual([
    [{ short: true }, { short: true }],
    [undefined, undefined],
  ]);
  const { events } = await queue.events.read();
  expect(events.flatMap((event) => (event.kind === "job" ? [event.job.data] : []))).not.toContainEqual({ long });
  expect(await queue.service.getStatus(jobId)).toMatchObject({ data: { long }, result: { long } });
});

test("nothing that a list reads stands behind what may be large, because SQLite would read that to get there", async () => {
  const queue = await openQueue();
  const db = openFile(queue.path);
  const columnsOf = (table: string) =>
    db.prepare("SELECT name FROM pragma_table_info(?)").pluck().all(table) as string[];
  const behind = (table: string, column: string) => columnsOf(table).slice(columnsOf(table).indexOf(column) + 1);
  // The checksum is read only together with what it is of.
  expect(behind("bq_body", "data")).toEqual(["sum"]);
  expect(behind("bq_result", "result")).toEqual(["sum"]);
  db.close();
});
