import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { z } from "zod";
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import type { ProgramEnding, ProgramRequest } from "@brains/plugin";
import { isEndedState } from "@brains/shell";
import type { JobInfo, LogsReply, RequestInfo } from "@brains/shell";
import { createTestShell } from "@brains/shell/testing";
import type { TestShell } from "@brains/shell/testing";
import { PATIENT, data } from "../fixtures/gated.ts";

type ShellSettings = NonNullable<Parameters<typeof createTestShell>[0]["shell"]>;

const request = z.custom<ProgramRequest>();

/** A plugin whose only job runs a program; with more than one try, one that fails is tried again. */
function runner(maxAttempts: number) {
  const run = defineJob({
    type: "run",
    input: request,
    afterCrash: "interrupt",
    maxAttempts,
    backoff: { delay: 1 },
    async run(wanted, job): Promise<ProgramEnding> {
      job.log("before");
      const ending = await job.runProgram(wanted);
      job.log("after");
      if (maxAttempts > 1 && ending.code !== 0) throw new Error(`it ended with ${ending.code}`);
      return ending;
    },
  });
  return definePlugin({
    id: "runner",
    version: "1.0.0",
    jobs: [run],
    tools: [
      defineTool({
        name: "run",
        description: "Run",
        input: z.object({ request }),
        run: ({ request: wanted }, context) => context.enqueueJob(run, wanted),
      }),
    ],
  });
}

export interface ProgramShell extends TestShell {
  /** Enqueues a job for the program and gives its number. */
  ask(request: ProgramRequest): Promise<number>;
  /** The same, and lets it run until it ended or waits. */
  runs(request: ProgramRequest): ReturnType<TestShell["run"]>;
  logs(id: number, options?: object): Promise<LogsReply>;
  /** Resolves when the log of the job has this text. */
  said(id: number, text: string): Promise<void>;
  /** A folder of the brain that programs may work in. */
  folder(name: string): Promise<string>;
}

export async function programShell(
  programs: ShellSettings["programs"] = {},
  shell: ShellSettings = {},
  { maxAttempts = 1 } = {},
): Promise<ProgramShell> {
  const brain = await createTestShell({
    plugins: [runner(maxAttempts)],
    shell: { programs: { folders: ["."], ...programs }, ...shell },
  });
  const logs = async (id: number, options: object = {}) =>
    data<LogsReply>(await brain.call("shell:logs", { id, ...options }));
  return Object.assign(Object.create(brain) as TestShell, {
    ask: async (wanted: ProgramRequest) => {
      const reply = await brain.call("runner:run", { request: wanted });
      if (reply.kind !== "queued") throw new Error(JSON.stringify(reply));
      return reply.queued.number;
    },
    runs: (wanted: ProgramRequest) => brain.run("runner:run", { request: wanted }),
    logs,
    said: async (id: number, text: string) => {
      await vi.waitFor(async () => {
        const all = (await logs(id)).lines.map((line) => line.text).join("\n");
        if (!all.includes(text)) throw new Error(`${JSON.stringify(text)} is not in ${JSON.stringify(all)}`);
      }, PATIENT);
    },
    folder: async (name: string) => {
      const path = join(brain.brainDir, name);
      await mkdir(path, { recursive: true });
      return path;
    },
  });
}

/** Allows what a test is not about. */
export const ALLOW_ALL: NonNullable<ShellSettings["programs"]> = {
  policy: [{ executable: "sh", args: [{ any: "rest" }], inline: true, outcome: "allow" }],
  thresholds: { approve: 101, deny: 101 },
};

/** Resolves when the job waits for a decision. */
export async function asked(brain: TestShell, job: number): Promise<RequestInfo> {
  return vi.waitFor(async () => {
    const [request] = await brain.queue.requests.list({ job, open: true });
    if (request === undefined) throw new Error("nothing was asked");
    return request;
  }, PATIENT);
}

/** Resolves when the job has ended. */
export async function ended(brain: TestShell, job: number): Promise<JobInfo> {
  return vi.waitFor(async () => {
    const found = await brain.queue.service.getStatus(job);
    if (!found || !isEndedState(found.state)) throw new Error(`#${job} is ${found?.state}`);
    return found;
  }, PATIENT);
}

export const SH = (script: string): ProgramRequest => ({ command: "sh", args: ["-c", script] });
