import { expect, test } from "vitest";
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import type { TestShell } from "@brains/shell/testing";
import { z } from "zod";
import { nextLook } from "../src/next-look.ts";

/** A tool that waits 30 seconds by default for a job that ends when it is let go. */
function talking(wait = 30) {
  const free = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const job = defineJob({
    type: "talk",
    input: z.object({ lines: z.array(z.string()) }),
    async run({ lines }, running) {
      for (const line of lines) running.log(line, "stdout");
      begun.resolve();
      await free.promise;
      return lines.length;
    },
  });
  const tool = defineTool({
    name: "start",
    description: "Start",
    input: job.input,
    wait,
    run: (input, context) => context.enqueueJob(job, input),
  });
  return { plugin: definePlugin({ id: "talk", jobs: [job], tools: [tool] }), free, begun };
}

/** The clock goes on until the call is answered. */
async function pass<T>(brain: TestShell, reply: Promise<T>, begun: Promise<void>): Promise<T> {
  await begun;
  const over = new AbortController();
  const done = reply.finally(() => over.abort());
  for (let seconds = 0; seconds < 120 && !over.signal.aborted; seconds++) await brain.queue.clock.advance(1000);
  return done;
}

test("a tool's own wait holds where the caller names none; then the answer has the output so far and when to look again", async () => {
  const { plugin, begun, free } = talking();
  await using brain = await createTestShell({ plugins: [plugin] });
  const lines = ["\u001B[31mred\u001B[0m", "::brains progress=1", "last"];
  const reply = await pass(brain, brain.call("talk:start", { lines }), begun.promise);
  expect(reply).toMatchObject({
    kind: "queued",
    waited: 30,
    queued: {
      number: 1,
      output: "red\nlast",
      next: { seconds: expect.any(Number), reason: expect.stringContaining("how long it takes is not known") },
    },
  });
  const now = await brain.call("talk:start", { lines }, { wait: 0 });
  expect(now).toMatchObject({ kind: "queued", queued: { status: "queued" } });
  expect(now).not.toHaveProperty("queued.next");
  free.resolve();
});

test("work that ends in time is answered with its output beside the result", async () => {
  const { plugin, free } = talking();
  await using brain = await createTestShell({ plugins: [plugin] });
  free.resolve();
  expect(await brain.call("talk:start", { lines: ["one", "two"] })).toMatchObject({
    kind: "ended",
    outcome: { state: "completed", result: 2, output: "one\ntwo" },
  });
});

test("of much output the end is given, on the border of a character, with where the rest is", async () => {
  const { plugin, free } = talking();
  await using brain = await createTestShell({ plugins: [plugin] });
  free.resolve();
  const reply = await brain.call("talk:start", { lines: [`${"ä".repeat(6000)}!`] });
  const { output = "" } = (reply as { outcome: { output?: string } }).outcome;
  expect(output).toMatch(/^\[only the end; all of it: shell:logs with id 1\]\nä+!$/u);
  expect(Buffer.byteLength(output)).toBeLessThan(8 * 1024 + 100);
});

test("a plugin whose tool waits for longer than a call may is refused", async () => {
  const { plugin } = talking(51);
  await expect(createTestShell({ plugins: [plugin] })).rejects.toMatchObject({
    code: "INVALID_PLUGIN",
    message: expect.stringContaining("from 0 to 50"),
  });
});

test("when to look again comes from the rate, from earlier runs, or from the age, with the reason", () => {
  const running = { state: "processing", type: "code:execute", startedAt: 0 } as const;
  const history = { count: 14, median: 180_000, p90: 240_000 };
  const at = (work: object, now: number) => nextLook({ ...running, ...work }, now);
  expect(at({ current: 1, total: 4 }, 60_000)).toEqual({
    seconds: 180,
    reason: "It has run for 1 minute, and at this rate it ends in about 3 minutes.",
  });
  expect(at({ history }, 60_000)).toEqual({
    seconds: 120,
    reason: "It has run for 1 minute, and code:execute takes 3 minutes in the median of 14 runs.",
  });
  expect(at({ history }, 300_000)).toMatchObject({ seconds: 150, reason: expect.stringContaining("nine in ten") });
  expect(at({}, 40_000)).toMatchObject({ seconds: 20, reason: expect.stringContaining("is not known") });
  expect(at({}, 7_200_000).seconds).toBe(600);
  expect(at({}, 1000).seconds).toBe(5);
  expect(at({ waitingFor: "input" }, 1000).reason).toContain("shell:send");
  expect(nextLook({ state: "pending" }, 0).reason).toContain("has not started");
});
