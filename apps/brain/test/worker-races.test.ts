import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ending, isAlive, type TestBrain } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";

/** More of both are tried with, for example, `FRONT_ENDS=50 RACES=200 npx vitest run apps/brain/test/worker-races`. */
const FRONT_ENDS = Number(process.env["FRONT_ENDS"] ?? 8);
const RACES = Number(process.env["RACES"] ?? 6);
/** Milliseconds for each of them, on a machine with much else to do. */
const PATIENCE = 5_000;
const RACING = fileURLToPath(new URL("./fixtures/racing-front-end.ts", import.meta.url));

/** The lines with these words in the log that all workers of the brain write to. */
async function logged(brain: TestBrain, words: string): Promise<string[]> {
  const log = await readFile(join(brain.home, "logs", "brain.log"), "utf8");
  return log.split("\n").filter((line) => line.includes(words));
}

test(
  `${FRONT_ENDS} front ends at once start one worker`,
  async () => {
    const brain = await gatesBrain();
    const calls = Array.from({ length: FRONT_ENDS }, () =>
      brain.run("run", "sections", "--count", "1", "--gateAt", "9", "--wait", "50"),
    );
    const ended = await Promise.all(calls);
    expect(ended.map(({ code, stderr }) => ({ code, stderr: code === 0 ? "" : stderr }))).toEqual(
      ended.map(() => ({ code: 0, stderr: "" })),
    );
    const queue = await brain.queue();
    expect((await queue.workers()).filter(({ pid }) => isAlive(pid))).toHaveLength(1);
    const { items } = await queue.service.list({ limit: 100 });
    expect(items.map(({ state, attempt }) => ({ state, attempt }))).toEqual(
      Array.from({ length: FRONT_ENDS }, () => ({ state: "completed", attempt: 1 })),
    );
    // Nor was one started that met the other and left.
    expect(await logged(brain, "worker started")).toHaveLength(1);
    expect(await logged(brain, "A worker runs the jobs")).toEqual([]);
  },
  FRONT_ENDS * PATIENCE,
);

test(
  `a job that comes while the worker ends is never stranded (${RACES} races)`,
  async () => {
    const brain = await gatesBrain("worker:\n  idle: 0\n");
    const child = spawn(process.execPath, [RACING, brain.dir, `${RACES}`], { cwd: brain.dir, env: brain.env });
    onTestFinished(() => void child.kill("SIGKILL"));
    const { code, stdout, stderr } = await ending(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const ledger = stdout.trim().split("\n");
    expect(ledger.filter((line) => !line.endsWith(" completed"))).toEqual([]);
    const queue = await brain.queue();
    expect(await queue.service.count()).toMatchObject({ count: ledger.length });
    expect(await queue.service.count({ state: "completed" })).toMatchObject({ count: ledger.length });
    const { items } = await queue.service.list({ limit: 1_000 });
    expect(items.filter(({ attempt }) => attempt !== 1)).toEqual([]);
    expect(await brain.ledger("written")).toHaveLength(ledger.length);
    // Many met a worker that was ending or had ended, or nothing was tried.
    expect((await logged(brain, "worker started")).length).toBeGreaterThan(RACES / 4);
  },
  RACES * PATIENCE,
);
