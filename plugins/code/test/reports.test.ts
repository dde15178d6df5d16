import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { PluginContext, Progress, RunningJob } from "@brains/plugin";
import { startReports } from "../src/reports.ts";
import { PATIENT, codeBrain } from "./kit.ts";

/** A running job of which the log grows by a line whenever it is read. */
function running() {
  let own: Partial<Progress> | undefined;
  let stored: Progress | undefined;
  let line = 0;
  const said: string[] = [];
  const looks = vi.fn<() => void>();
  const job = {
    id: "1-a",
    progress: (progress: Progress) => {
      stored = progress;
      said.push(progress.message ?? "");
    },
  };
  const context = {
    callTool: (_tool: string, { after, tail }: { after?: string; tail?: number }) => {
      if (tail !== undefined) {
        const text = ["line 1", "::brains waiting=input"];
        return Promise.resolve({ lines: text.map((one) => ({ text: one, stream: "stdout" })), cursor: "end" });
      }
      if (after === `${line}`) return Promise.resolve({ lines: [], cursor: after });
      line++;
      const lines = [
        { text: `line ${line}`, stream: "stdout" },
        { text: "a note", stream: "note" },
      ];
      return Promise.resolve({ lines, cursor: `${line}` });
    },
    getJobStatus: () => {
      looks();
      return Promise.resolve({ state: "processing", progress: own ?? stored });
    },
    log: { warn: (_message: string, problem: object) => said.push(JSON.stringify(problem)) },
  };
  const reports = startReports(job as unknown as RunningJob, context as unknown as PluginContext, 5);
  return { said, reports, looks, sayItself: () => (own = { message: "40 %" }) };
}

test("a running execution says how long it runs, how much it wrote and what last, until it ends", async () => {
  const { said, reports } = running();
  await vi.waitFor(() => expect(said[0]).toBe("running for 0 min, 1 line, last: line 1"), PATIENT);
  reports.end();
});

test("what the code says of its progress itself is left as it is", async () => {
  const { said, reports, sayItself, looks } = running();
  sayItself();
  await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(3), PATIENT);
  reports.end();
  expect(said).toEqual([]);
});

test("what an execution left behind whose worker was killed is removed at the next start, and what runs is not", async () => {
  const left = ".brains/data/code/runs/7-1/code.ts";
  await using brain = await codeBrain({ files: { [left]: "1", ".brains/data/code/runs/other/file": "" } });
  expect(existsSync(join(brain.brainDir, left))).toBe(false);
  expect(existsSync(join(brain.brainDir, ".brains/data/code/runs/other/file"))).toBe(true);
});
