import { describe, expect, test, vi } from "vitest";
import { createTestShell } from "@brains/shell/testing";
import { feeds } from "./fixtures/feeds.ts";
import { PATIENT } from "./fixtures/gated.ts";

describe("following", () => {
  test("tells events in order, of what was asked for alone, whatever another listener throws", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    await brain.queue.worker.stop();
    await brain.call("feeds:import", { urls: ["a"] });
    await brain.call("feeds:import", { urls: ["b"] });
    const seen: string[] = [];
    const cursor = await brain.queue.events.cursor();
    const end = [
      brain.shell.follow(
        brain.caller,
        () => {
          throw new Error("a bad listener");
        },
        { after: cursor },
      ),
      brain.shell.follow(
        brain.caller,
        (event) => {
          if (event.kind === "job") seen.push(`${event.job.number} ${event.change}`);
        },
        { after: cursor, ids: [2] },
      ),
    ];
    await brain.call("shell:cancel", { ids: [1, 2] });
    await vi.waitFor(() => expect(seen).toEqual(["2 ended"]), PATIENT);
    expect(brain.log.some((line) => line.message === "a listener threw an error")).toBe(true);
    for (const stop of end) stop();
  });

  test("replays what was missed since a cursor, once and in order", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const cursor = await brain.queue.events.cursor();
    await brain.run("feeds:import", { urls: ["a"] });
    const seen: string[] = [];
    const stop = brain.shell.follow(brain.caller, (event) => seen.push(event.change), { after: cursor });
    await vi.waitFor(() => expect(seen.at(-1)).toBe("ended"), PATIENT);
    stop();
    expect(seen.filter((change) => change !== "progress")).toEqual(["enqueued", "started", "ended"]);
  });

  test("of an unknown id is told to whoever asked", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const onError = vi.fn<(error: unknown) => void>();
    brain.shell.follow(brain.caller, () => {}, { ids: [99], onError });
    await vi.waitFor(
      () => expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "NOT_FOUND" })),
      PATIENT,
    );
  });

  test("hides others' input from operators", async () => {
    await using brain = await createTestShell({ plugins: [feeds] });
    const seen: unknown[] = [];
    const cursor = await brain.queue.events.cursor();
    const stop = brain.shell.follow(brain.as("operator", "bob"), (event) => seen.push(event), { after: cursor });
    await brain.run("feeds:import", { urls: ["secret"] }, { caller: brain.as("operator", "ada") });
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1), PATIENT);
    stop();
    expect(seen.some((event) => JSON.stringify(event).includes('"urls"'))).toBe(false);
  });
});
