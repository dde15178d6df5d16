import { expect, test, vi } from "vitest";
import { ending, isAlive, LIMIT, makeBrain } from "./brain-kit.ts";
import { gatesBrain, type Queued } from "./gates-brain.ts";

test("a second process cancels a batch: waiting jobs at once, running ones by signal, and it stays cancelled", async () => {
  const brain = await gatesBrain();
  const queue = await brain.queue();
  const { batchId } = await brain.json<Queued>("run", "sections", "--count", "50", "--gateAt", "0");
  if (batchId === undefined) throw new Error("no batch");
  await vi.waitFor(
    async () => expect((await queue.batches.getBatchStatus(batchId))?.processingOperations).toBeGreaterThan(0),
    LIMIT,
  );

  expect((await brain.run("cancel", batchId)).code).toBe(0);
  const batch = await queue.batches.wait(batchId, { timeout: LIMIT.timeout });
  expect(batch).toMatchObject({ status: "cancelled", cancelledOperations: 50, processingOperations: 0, percent: 100 });

  // The gate opens too late: nothing comes back to life.
  await brain.open("sections");
  expect((await brain.run("wait", batchId)).code).toBe(4);
  expect(await brain.ledger("written")).toEqual([]);
  expect((await queue.batches.getBatchStatus(batchId))?.status).toBe("cancelled");
});

test("SIGTERM ends the worker; the interrupted job keeps its tries and goes on with the next worker", async () => {
  const brain = await gatesBrain("worker:\n  grace: 0.1\n");
  const queue = await brain.queue();
  const { jobId } = await brain.json<Queued>("run", "steps");
  if (jobId === undefined) throw new Error("no job");
  await brain.open("one");
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toContain("two began"), LIMIT);
  const pid = await brain.worker();
  process.kill(pid, "SIGTERM");
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), LIMIT);
  expect(await queue.service.getStatus(jobId)).toMatchObject({ state: "pending", run: 1, attempt: 0 });

  await brain.open("two");
  await brain.open("three");
  expect((await brain.run("wait", jobId)).code).toBe(0);
  expect((await brain.ledger("steps")).filter((line) => line === "one began")).toHaveLength(1);
});

test("a worker with nothing to do ends by itself, and the next call starts another", async () => {
  const brain = await gatesBrain("worker:\n  idle: 0\n");
  const once = (): Promise<{ code: number | null }> =>
    brain.run("run", "sections", "--count", "1", "--gateAt", "9", "--wait");
  expect((await once()).code).toBe(0);
  const queue = await brain.queue();
  await vi.waitFor(async () => expect((await queue.workers()).filter(({ pid }) => isAlive(pid))).toEqual([]), LIMIT);
  expect((await once()).code).toBe(0);
});

test("a changed config gets one worker of its own, however many ask for it, and the old one finishes what it has", async () => {
  const brain = await gatesBrain();
  const { batchId } = await brain.json<Queued>("run", "sections", "--count", "1", "--gateAt", "0");
  const old = await brain.worker();
  await vi.waitFor(async () => expect(await brain.ledger("started")).toEqual(["0"]), LIMIT);

  await brain.write("brains.yaml", "plugins:\n  - ./gates.ts\nworker:\n  concurrency: 3\n");
  const calls = Array.from({ length: 4 }, () =>
    brain.run("run", "sections", "--count", "1", "--gateAt", "9", "--wait", "50"),
  );
  expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const queue = await brain.queue();
  const live = (await queue.workers()).filter(({ pid }) => isAlive(pid));
  expect(live).toHaveLength(2);
  expect(live.find(({ pid }) => pid === old)?.state).toBe("draining");
  expect(live.find(({ pid }) => pid !== old)?.state).toBe("running");

  await brain.open("sections");
  await queue.batches.wait(batchId ?? "", { timeout: LIMIT.timeout });
  await vi.waitFor(() => expect(isAlive(old)).toBe(false), LIMIT);
  expect(await brain.ledger("written")).toHaveLength(5);
  const { items } = await queue.service.list({ batch: batchId });
  expect(items).toMatchObject([{ state: "completed", run: 1, attempt: 1 }]);
});

/** A plugin with one job, whose handler has this body. */
const voice = (body: string): string => `import { defineJob, definePlugin, defineTool } from "@brains/plugin";
  import { z } from "zod";
  const speak = defineJob({ type: "speak", input: z.object({}), maxAttempts: 1, run() { ${body} } });
  const say = defineTool({ name: "say", description: "Say", run: (_, context) => context.enqueueJob(speak, {}) });
  export default definePlugin({ id: "voice", jobs: [speak], tools: [say] });\n`;

test("the first call after a change of a plugin runs the new code", async () => {
  const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - ./voice.ts\n" } });
  for (const says of ["first", "second", "third"]) {
    await brain.write("voice.ts", voice(`return ${JSON.stringify(says)};`));
    const { results } = await brain.json<{ results: Record<string, string> }>("run", "say", "--wait");
    expect(Object.values(results)).toEqual([says]);
  }
});

test("a retry after the plugin was mended runs the mended code", async () => {
  const broken = voice('throw new Error("broken");');
  const brain = await makeBrain({ files: { "brains.yaml": "plugins:\n  - ./voice.ts\n", "voice.ts": broken } });
  expect((await brain.run("run", "say", "--wait")).code).toBe(1);
  await brain.write("voice.ts", voice('return "mended";'));
  expect(await brain.json("retry", "1")).toMatchObject({ message: "#1 is retried: run 2." });
  expect(await brain.json("wait", "1")).toMatchObject({ results: { 1: "mended" } });
});

test("`worker stop` ends the worker and says which", async () => {
  const brain = await gatesBrain();
  await brain.json("run", "sections", "--count", "1", "--gateAt", "9");
  const pid = await brain.worker();
  const stopped = await brain.run("worker", "stop");
  expect(stopped.code).toBe(0);
  expect(stopped.stdout + stopped.stderr).toContain(`${pid}`);
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), LIMIT);
  expect((await brain.run("worker", "stop")).stdout).toContain("no worker");
});

test("a worker in the foreground says so when another runs already", async () => {
  const brain = await gatesBrain();
  await brain.json("run", "sections", "--count", "1", "--gateAt", "9");
  const pid = await brain.worker();
  const second = await ending(brain.start("worker"));
  expect(second.code).toBe(0);
  expect(second.stderr).toContain(`${pid}`);
});

test("--in-process runs the jobs in the process that asked, and starts no worker", async () => {
  const brain = await gatesBrain();
  const ended = await brain.run("run", "sections", "--count", "3", "--gateAt", "9", "--wait", "--in-process");
  expect(ended).toMatchObject({ code: 0 });
  const queue = await brain.queue();
  expect(await queue.workers()).toEqual([]);
  expect(await brain.ledger("written")).toHaveLength(3);
});
