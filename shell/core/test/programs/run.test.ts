import { expect, test, vi } from "vitest";
import { PATIENT } from "../fixtures/gated.ts";
import { SH, programShell } from "./kit.ts";

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
  expect(job?.error?.message).toContain("Stopped 3 processes.");
  expect((await brain.logs(id)).lines.map(({ text }) => text).join("\n")).toContain("Stopped 3 processes.");
});
