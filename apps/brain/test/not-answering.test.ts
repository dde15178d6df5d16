import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { stopWorkers } from "../src/worker-stop.ts";
import { isAlive, LIMIT } from "./brain-kit.ts";
import { gatesBrain, type Queued } from "./gates-brain.ts";

interface Jobs {
  readonly jobs: readonly { readonly number: number; readonly worker?: { readonly answering: boolean } }[];
}

/** As if the workers had been silent for a minute. */
function silence(home: string): void {
  const require = createRequire(import.meta.resolve("@brains/job-queue"));
  const Database = require("better-sqlite3") as new (path: string) => { exec(sql: string): void; close(): void };
  const db = new Database(join(home, "brains.db"));
  db.exec("UPDATE bq_worker SET seen_at = seen_at - 60000");
  db.close();
}

test("a stopped worker is shown as not answering, is not robbed, and `retry --force` ends it and runs its jobs again", async () => {
  const brain = await gatesBrain();
  const queue = await brain.queue();
  const { number, jobId = "" } = await brain.json<Queued>("run", "steps");
  const neighbour = await brain.json<Queued>("run", "sections", "--count", "1", "--gateAt", "0");
  await brain.open("one");
  await vi.waitFor(async () => {
    expect(await brain.ledger("steps")).toContain("two began");
    expect(await brain.ledger("started")).toHaveLength(1);
  }, LIMIT);
  const pid = await brain.worker();

  const early = await brain.run("retry", `${number}`, "--force");
  expect(early.stderr).toContain("WORKER_ANSWERS");
  expect(early.code).toBe(1);

  process.kill(pid, "SIGSTOP");
  silence(brain.home);
  expect((await brain.run("status")).stdout).toContain(`worker ${pid} not answering`);
  expect((await brain.run("jobs")).stdout).toContain(`worker ${pid} not answering`);
  expect((await brain.run("jobs", `${number}`)).stdout).toContain("not answering");
  const { jobs } = await brain.json<Jobs>("jobs", "--state", "processing");
  expect(jobs.map((job) => job.worker?.answering)).toEqual([false, false]);
  // However long it says nothing, it has its jobs until a person takes them.
  expect((await brain.run("retry", `${number}`)).stderr).toContain("INVALID_STATE");
  expect(await queue.service.getStatus(jobId)).toMatchObject({ state: "processing", run: 1, worker: { pid } });

  expect((await brain.run("retry", `${number}`, "--force")).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  expect(await brain.worker()).not.toBe(pid);
  for (const gate of ["two", "three", "sections"]) await brain.open(gate);
  expect((await brain.run("wait", `${number}`, `${neighbour.number}`)).code).toBe(0);
  expect(await queue.service.getStatus(jobId)).toMatchObject({ state: "completed", run: 2, attempt: 1 });
  // What the first worker did, then all of it from the start.
  const first = ["one began", "one ended", "two began"];
  const second = [...first, "two ended", "three began", "three ended"];
  expect(await brain.ledger("steps")).toEqual([...first, ...second]);
  // What else it ran comes back in the same run and is not blamed.
  const [other] = (await queue.service.list({ batch: neighbour.batchId ?? "" })).items;
  expect(other).toMatchObject({ state: "completed", run: 1, attempt: 1 });
  expect(await brain.ledger("started")).toHaveLength(2);
});

test("`worker stop` says that a stopped worker does not answer; when it wakes it heeds the stop and finishes its jobs", async () => {
  const brain = await gatesBrain("worker:\n  grace: 60\n");
  const queue = await brain.queue();
  await brain.json("run", "steps");
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toContain("one began"), LIMIT);
  const pid = await brain.worker();
  const stop = (timeout: number) =>
    stopWorkers({ cwd: brain.dir, config: join(brain.dir, "brains.yaml"), env: brain.env, timeout });
  process.kill(pid, "SIGSTOP");
  expect(await stop(100)).toEqual({ stopped: [], stillRunning: [], notAnswering: [pid] });
  process.kill(pid, "SIGCONT");
  await vi.waitFor(async () => expect((await queue.workers())[0]?.state).toBe("draining"), LIMIT);
  // Not asked again: a second signal would end it at once.
  for (const gate of ["one", "two", "three"]) await brain.open(gate);
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), LIMIT);
  expect(await brain.ledger("steps")).toContain("three ended");
});
