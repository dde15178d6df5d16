// Programs of a real worker that is stopped.
import { readFileSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { LIMIT, isAlive, makeBrain } from "./brain-kit.ts";
import type { TestBrain } from "./brain-kit.ts";
import type { Queued } from "./gates-brain.ts";

const CONFIG = `plugins:
  - ./runner.ts
worker: { grace: 1 }
programs:
  grace: 0.5
  policy:
    - { executable: sh, args: [{ any: rest }], inline: true, outcome: allow }
  thresholds: { approve: 101, deny: 101 }
`;

async function runnerBrain(): Promise<TestBrain> {
  const plugin = await readFile(new URL("./fixtures/runner.ts", import.meta.url), "utf8");
  return makeBrain({ files: { "brains.yaml": CONFIG, "runner.ts": plugin } });
}

/** Living processes with this word in their command line. */
function wearing(word: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isAlive(pid) && commandOf(pid).includes(word));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

async function begun(brain: TestBrain, sleep: string): Promise<number> {
  const text = `echo begun; setsid sleep ${sleep} & sleep ${sleep} & wait`;
  const { number } = await brain.json<Queued>("run", "script", "--text", text);
  await vi.waitFor(async () => expect((await brain.run("logs", `${number}`)).stdout).toContain("begun"), LIMIT);
  expect(wearing(sleep).length).toBeGreaterThan(1);
  return number;
}

test.runIf(process.platform === "linux")(
  "a program is not repeated by itself after the stop of its worker",
  async () => {
    const brain = await runnerBrain();
    const queue = await brain.queue();
    const sleep = `32.${process.pid}2`;
    const number = await begun(brain, sleep);
    await brain.run("worker", "stop");
    await vi.waitFor(() => expect(wearing(sleep)).toEqual([]), LIMIT);
    await vi.waitFor(async () => {
      await brain.run("status");
      const job = await queue.service.getStatus(number);
      expect(job).toMatchObject({ state: "failed", reason: "interrupted" });
    }, LIMIT);
    const log = (await brain.run("logs", `${number}`)).stdout;
    expect(log.match(/begun/g)).toHaveLength(1);
    expect(log).toMatch(/Stopped \d+ processes/);
  },
);
