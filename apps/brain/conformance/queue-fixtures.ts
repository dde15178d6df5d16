// The suite's fixtures that are tools and jobs: what they show is done by the real shell, queue and dispatch.
import { defineJob, definePlugin, defineTool, type JobContext } from "@brains/plugin";
import { z } from "zod";

const ONCE = { maxAttempts: 1 } as const;

function pause(milliseconds: number, { signal }: JobContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
}

const compute = defineJob({
  ...ONCE,
  type: "compute",
  input: z.object({ seconds: z.number().min(0).max(600).default(0), label: z.string().optional() }),
  async run({ seconds }, job) {
    await pause(seconds * 1000, job);
    return `computed for ${seconds} seconds`;
  },
});
const failing = defineJob({
  ...ONCE,
  type: "failing",
  input: z.object({}),
  async run(_, job) {
    await pause(1000, job);
    throw new Error("This job fails on purpose");
  },
});
/** Shows no sign of life, so that not the job reports its failure but the queue. */
const stalling = defineJob({
  ...ONCE,
  type: "stalling",
  stallAfter: 500,
  input: z.object({}),
  run: (_, job) => pause(600_000, job),
});
const asking = defineJob({
  ...ONCE,
  type: "asking",
  input: z.object({ question: z.string() }),
  async run({ question }, job) {
    job.waitsForInput(true);
    const answer = await job.readInput();
    job.waitsForInput(false);
    return { question, answer: answer?.text };
  },
});
const greeting = defineJob({
  ...ONCE,
  type: "greeting",
  input: z.object({ name: z.string() }),
  run: ({ name }) => `Hello, ${name}`,
});
const progressing = defineJob({
  ...ONCE,
  type: "progressing",
  input: z.object({}),
  async run(_, job) {
    for (const current of [0, 50, 100]) {
      job.progress({ current, total: 100 });
      // Longer than readings are held back.
      await pause(300, job);
    }
    return "done";
  },
});

export const fixtures = definePlugin({
  id: "suite",
  jobs: [compute, failing, stalling, asking, greeting, progressing],
  tools: [
    defineTool({
      name: "test-simple-text",
      description: "Says a text.",
      annotations: { readOnly: true },
      run: () => "This is a simple text response for testing.",
    }),
    defineTool({
      name: "test-error-handling",
      description: "Always fails.",
      annotations: { readOnly: true },
      run: () => {
        throw new Error("This tool intentionally returns an error for testing");
      },
    }),
    defineTool({
      name: "greet",
      description: "Greets.",
      input: z.object({ name: z.string() }),
      annotations: { readOnly: true },
      run: ({ name }) => `Hello, ${name}!`,
    }),
    defineTool({
      name: "test-tool-with-progress",
      description: "Reports how far it is.",
      wait: 20,
      run: (_, context) => context.enqueueJob(progressing, {}),
    }),
    defineTool({
      name: "slow-compute",
      description: "Computes for some seconds.",
      input: compute.input,
      run: (input, context) => context.enqueueJob(compute, input),
    }),
    defineTool({ name: "failing-job", description: "Fails.", run: (_, context) => context.enqueueJob(failing, {}) }),
    defineTool({
      name: "protocol-error-job",
      description: "Is given up.",
      run: (_, context) => context.enqueueJob(stalling, {}),
    }),
    defineTool({
      name: "confirm-delete",
      description: "Asks before it goes on.",
      input: z.object({ filename: z.string() }),
      run: ({ filename }, context) => context.enqueueJob(asking, { question: `Delete ${filename}?` }),
    }),
    defineTool({
      name: "multi-input",
      description: "Asks two things at once.",
      run: (_, context) =>
        context.enqueueBatch(["Name?", "Sure?"].map((question) => ({ job: asking, data: { question } }))),
    }),
    defineTool({
      name: "greet-later",
      description: "Greets, as a job.",
      input: greeting.input,
      run: (input, context) => context.enqueueJob(greeting, input),
    }),
  ],
});
