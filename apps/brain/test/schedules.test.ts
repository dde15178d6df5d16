import { expect, test, vi } from "vitest";
import type { SchedulesReply } from "@brains/shell";
import { isAlive, LIMIT, makeBrain } from "./brain-kit.ts";

const plugin = (schedules: string): string => `import { appendFileSync } from "node:fs";
  import { join } from "node:path";
  import { defineJob, definePlugin } from "@brains/plugin";
  import { z } from "zod";
  const tick = defineJob({
    type: "tick",
    input: z.object({}),
    run: (_, job, context) => appendFileSync(join(context.brainDir, "ticks.ledger"), job.number + "\\n"),
  });
  export default definePlugin({ id: "clock", jobs: [tick], schedules: ${schedules} });\n`;
const EVERY_SECOND = `[{ name: "beat", every: 1_000, job: tick, data: {} }]`;

test("a declared schedule starts a worker that stays and fires it; removed from the plugin it is gone, and what it made stays", async () => {
  const files = { "brains.yaml": "plugins:\n  - ./clock.ts\nworker:\n  idle: 0\n", "clock.ts": plugin(EVERY_SECOND) };
  const brain = await makeBrain({ files });
  // Whoever loads the plugin declares it; nothing was enqueued.
  expect((await brain.run("tools")).code).toBe(0);
  const worker = await brain.worker();
  await vi.waitFor(async () => expect((await brain.ledger("ticks")).length).toBeGreaterThan(1), LIMIT);
  expect(isAlive(worker)).toBe(true);
  const { schedules } = await brain.json<SchedulesReply>("schedules");
  expect(schedules).toMatchObject([{ name: "clock:beat", plugin: "clock", when: "every second" }]);

  await brain.write("clock.ts", plugin("[]"));
  expect((await brain.run("tools")).code).toBe(0);
  expect((await brain.run("schedules")).stdout).toBe(" no schedules\n");
  expect((await brain.run("jobs", "--type", "clock:tick")).stdout).toContain("clock:tick");
  // Nothing keeps a worker now.
  await vi.waitFor(() => expect(isAlive(worker)).toBe(false), LIMIT);
});

test("a paused schedule keeps no worker; any command starts one again once it is let go", async () => {
  const files = { "brains.yaml": "plugins:\n  - ./clock.ts\nworker:\n  idle: 0\n", "clock.ts": plugin(EVERY_SECOND) };
  const brain = await makeBrain({ files });
  await brain.run("tools");
  const first = await brain.worker();
  expect((await brain.run("pause", "beat")).stdout).toContain("does not fire any more");
  await vi.waitFor(() => expect(isAlive(first)).toBe(false), LIMIT);
  const before = (await brain.ledger("ticks")).length;
  expect((await brain.run("unpause", "beat")).code).toBe(0);
  await vi.waitFor(async () => expect((await brain.ledger("ticks")).length).toBeGreaterThan(before), LIMIT);
});
