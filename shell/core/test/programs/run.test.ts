import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { defineJob, definePlugin } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import { PATIENT } from "../fixtures/gated.ts";
import { ALLOW_ALL, SH, ended, programShell } from "./kit.ts";

test("a program runs after its approval, with its output and the handler's notes in one log", async () => {
  await using brain = await programShell();
  const id = await brain.ask(SH('echo "::brains progress=1 total=2 unit=files"; echo out; echo err >&2; exit 3'));
  await vi.waitFor(async () => expect(await brain.queue.requests.list({ open: true })).toHaveLength(1), PATIENT);
  expect((await brain.logs(id)).lines.map(({ text }) => text)).not.toContain("out");
  const { state, result } = await brain.decide(id, "approve");
  expect({ state, result }).toMatchObject({
    state: "completed",
    result: { code: 3, signal: null, tail: expect.stringContaining("out\n") as string },
  });
  const log = await brain.logs(id);
  expect(log.lines.map(({ stream, text }) => [stream, text])).toEqual(
    expect.arrayContaining([
      ["stdout", "out"],
      ["stderr", "err"],
      ["note", "after"],
    ]),
  );
  expect(log.ended).toBe(true);
});

test("cancel stops all of it, and says what was stopped", async () => {
  await using brain = await programShell();
  const id = await brain.ask(SH("sleep 60 & sleep 60 & echo ready; wait"));
  await vi.waitFor(async () => expect(await brain.queue.requests.list({ open: true })).toHaveLength(1), PATIENT);
  await brain.call("shell:decide", { ids: id, choice: "approve" });
  await brain.said(id, "ready");
  await brain.call("shell:cancel", { ids: id });
  const job = await vi.waitFor(async () => {
    const found = await brain.queue.service.getStatus(id);
    expect(found?.state).toBe("cancelled");
    return found;
  }, PATIENT);
  const stopped = /Stopped [3-9] processes\./;
  expect(job?.error?.message).toMatch(stopped);
  expect((await brain.logs(id)).lines.map(({ text }) => text).join("\n")).toMatch(stopped);
});

test("a program that ignores TERM is killed when the time of its job is over", async () => {
  await using brain = await programShell({ ...ALLOW_ALL, grace: 0.2 });
  const { number } = await brain.queue.service.enqueue(
    "runner:run",
    SH("trap '' TERM; echo ready; sleep 60; sleep 60"),
    {
      timeout: 5000,
    },
  );
  await brain.said(number, "ready");
  await brain.queue.clock.advance(5000);
  const job = await ended(brain, number);
  expect(job).toMatchObject({ state: "failed", reason: "timeout" });
  expect(job.error?.message).toMatch(/time-out.*Stopped \d process/);
});

test("output of a program is a sign that its job goes on; silence is none", async () => {
  const watched = defineJob({
    type: "watched",
    input: z.object({}),
    maxAttempts: 1,
    stallAfter: 60_000,
    run: (_, job) => job.runProgram(SH("echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; sleep 60")),
  });
  const plugin = definePlugin({ id: "stalls", jobs: [watched] });
  await using brain = await createTestShell({
    plugins: [plugin],
    shell: { programs: { ...ALLOW_ALL, folders: ["."] } },
  });
  const said = (text: string) =>
    vi.waitFor(async () => expect(JSON.stringify(await brain.call("shell:logs", { id: 1 }))).toContain(text), PATIENT);
  const { number } = await brain.queue.service.enqueue("stalls:watched", {});
  await said('"one"');
  await brain.queue.clock.advance(50_000);
  await writeFile(join(brain.brainDir, "go"), "");
  await said('"two"');
  await brain.queue.clock.advance(50_000);
  expect((await brain.queue.service.getStatus(number))?.state).toBe("processing");
  await brain.queue.clock.advance(40_000);
  expect(await ended(brain, number)).toMatchObject({ state: "failed", reason: "stalled" });
});

test("a program that writes more than it may is stopped", async () => {
  await using brain = await programShell({ ...ALLOW_ALL, killMegabytes: 1 });
  const job = await ended(brain, await brain.ask(SH("yes")));
  expect(job).toMatchObject({ state: "failed", error: { code: "PROGRAM_OUTPUT" } });
});

test("a job that runs several programs in steps asks for each of them once", async () => {
  const both = defineJob({
    type: "both",
    input: z.object({}),
    async run(_, job) {
      const one = await job.step("one", () => job.runProgram({ command: "sh", args: ["-c", "exit 1"] }));
      const two = await job.step("two", () => job.runProgram({ command: "sh", args: ["-c", "exit 2"] }));
      return [one.code, two.code];
    },
  });
  const plugin = definePlugin({ id: "steps", version: "1.0.0", jobs: [both] });
  await using brain = await createTestShell({ plugins: [plugin] });
  const { number } = await brain.queue.service.enqueue("steps:both", {});
  await vi.waitFor(async () => expect(await brain.queue.requests.list({ open: true })).toHaveLength(1), PATIENT);
  expect(await brain.decide(number, "approve")).toMatchObject({ state: "waiting_approval" });
  expect(await brain.decide(number, "approve")).toMatchObject({ state: "completed", result: [1, 2] });
});
