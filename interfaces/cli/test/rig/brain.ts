// A brain with a real shell, store and worker, seen through the app port that the command line gets.
import { PassThrough } from "node:stream";
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import { createTestShell, type TestShell } from "@brains/shell/testing";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { runCli, type AppPort, type OpenOptions } from "../../src/index.ts";

/** Handlers wait here until the test lets them go on. */
export interface Gate {
  open(): void;
  readonly passed: Promise<void>;
}

function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
}

export interface TestBrain {
  readonly shell: TestShell;
  readonly app: AppPort;
  /** How the brain was opened, in order. */
  readonly opened: OpenOptions[];
  /** Whether the worker runs newer code than this session. */
  newer: boolean;
  /** Sections of `make` and the one job of `hold` wait for it. */
  readonly gate: Gate;
}

export async function openTestBrain(): Promise<TestBrain> {
  const gate = createGate();
  const until = (signal: AbortSignal) => {
    const stopped = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => stopped.reject(signal.reason as Error));
    return Promise.race([gate.passed, stopped.promise]);
  };
  const section = defineJob({
    type: "section",
    input: z.object({ n: z.number() }),
    async run({ n }, job) {
      job.progress({ current: 1, total: 2, unit: "parts", message: `writing ${n}` });
      await until(job.signal);
      return { n };
    },
  });
  const hold = defineJob({
    type: "hold",
    input: z.object({
      name: z.string().min(1),
      times: z.number().int().default(1),
      tags: z.array(z.string()).default([]),
    }),
    async run({ name, tags }, job) {
      job.log(`holding ${name}\u001B[2J`);
      await until(job.signal);
      job.log("let go", "stderr");
      return { name, tags };
    },
  });
  const fail = defineJob({
    type: "fail",
    input: z.object({}),
    maxAttempts: 1,
    run() {
      throw new Error("content/intro.md:12: no title");
    },
  });
  const publish = defineJob({
    type: "publish",
    input: z.object({}),
    async run(_, job) {
      const decision = await job.requestDecision({
        question: "Publish 3 pages?",
        details: { command: "rsync site web:" },
      });
      return { choice: decision.choice };
    },
  });
  const choose = defineJob({
    type: "choose",
    input: z.object({}),
    run: async (_, job) => (await job.requestDecision({ question: "When?", choices: ["now", "next week"] })).choice,
  });
  const plugin = definePlugin({
    id: "site",
    jobs: [section, hold, fail, publish, choose],
    tools: [
      defineTool({
        name: "make",
        description: "Make sections.",
        input: z.object({ count: z.number().int().min(1).default(3) }),
        run: ({ count }, context) =>
          context.enqueueBatch(
            Array.from({ length: count }, (_, n) => ({ job: section, data: { n }, label: `section ${n}` })),
            { label: "make sections", unit: "sections" },
          ),
      }),
      defineTool({
        name: "hold",
        description: "Hold until let go.",
        input: hold.input,
        run: (input, context) => context.enqueueJob(hold, input, { label: `hold ${input.name}` }),
      }),
      defineTool({
        name: "watch",
        description: "Hold, and see it through.",
        input: hold.input,
        wait: 30,
        run: (input, context) => context.enqueueJob(hold, input, { label: `hold ${input.name}` }),
      }),
      defineTool({ name: "fail", description: "Fail.", run: (_, context) => context.enqueueJob(fail, {}) }),
      defineTool({ name: "choose", description: "Choose.", run: (_, context) => context.enqueueJob(choose, {}) }),
      defineTool({
        name: "publish",
        description: "Ask, then publish.",
        run: (_, context) => context.enqueueJob(publish, {}),
      }),
      defineTool({
        name: "count",
        description: "Answer at once.",
        role: "viewer",
        input: z.object({ of: z.string() }),
        run: ({ of }) => ({ letters: of.length }),
      }),
    ],
  });
  const shell = await createTestShell({ plugins: [plugin] });
  onTestFinished(async () => {
    gate.open();
    await shell.dispose();
  });
  const opened: OpenOptions[] = [];
  const app: AppPort = {
    version: "1.2.3",
    async open(options) {
      opened.push(options);
      return {
        shell: shell.shell,
        caller: { ...shell.caller, interface: options.interface },
        brain: { name: "test-brain", dir: shell.brainDir, home: shell.home, storePath: `${shell.home}/brains.db` },
        ensureWorker: async () => ({ pid: process.pid, started: false, newer: brain.newer }),
        close: async () => {},
      };
    },
    runWorker: async ({ onReady }) => {
      onReady?.({ pid: 7, home: shell.home });
      return 0;
    },
    stopWorker: async () => ({ stopped: [7], stillRunning: [], notAnswering: [] }),
    init: async ({ dir }) => ({ dir, created: ["brains.yaml"], next: [`cd ${dir}`] }),
    trust: async ({ dir }) => ({ dir, already: false }),
    doctor: async () => ({
      healthy: false,
      store: "/s/brains.db",
      findings: [
        { check: "file", level: "error", message: "it is damaged", next: "Salvage it." },
        { check: "clock", level: "ok", message: "fine" },
      ],
    }),
    backup: async (_, file) => ({ path: file, bytes: 3_000, milliseconds: 1 }),
    salvage: async (_, file) => ({
      path: file,
      jobs: 3,
      batches: 1,
      lost: [4, 5],
      requeued: 1,
      damaged: [{ id: 2, what: "input", active: true }],
      unreadable: { bq_log: 2 },
    }),
    serveMcp: async () => 0,
    planMcpInstall: async () => ({
      file: "",
      shown: "",
      holdsToken: false,
      afterwards: "",
      write: async () => ({ changed: false }),
    }),
    demo: async () => ({
      brain: {},
      intro: ["Making sections, then holding."],
      steps: [
        { tool: "site:make", input: { count: 2 } },
        { tool: "site:hold", input: { name: "last" } },
      ],
      closing: (_, results) => [`closed with ${JSON.stringify(results[1])}`],
    }),
  };
  const brain: TestBrain = { shell, app, opened, gate, newer: false };
  return brain;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** stdout as JSON, one value per line. */
  readonly json: { v: number; type: string; data: never; next?: string }[];
}

export interface RunOptions {
  readonly stdin?: string | undefined;
  readonly env?: Record<string, string> | undefined;
}

/** Run one command without a terminal. */
export async function brains(brain: Pick<TestBrain, "app">, words: string, options: RunOptions = {}): Promise<Ran> {
  return runWords(
    brain,
    words.split(" ").filter((word) => word !== ""),
    options,
  );
}

export async function runWords(
  brain: Pick<TestBrain, "app">,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(options.stdin ?? "");
  const text = { out: "", err: "" };
  stdout.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
  stderr.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
  const code = await runCli({ argv, stdin, stdout, stderr, env: options.env ?? {}, cwd: "/", app: brain.app });
  return {
    code,
    ...text,
    get json() {
      return text.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Ran["json"][number]);
    },
  };
}
