import { describe, expect, test } from "vitest";
import { newMark, sweep } from "../src/index.ts";
import { marked, run, start, temporaryFolder, tiers, wearing } from "./kit.ts";

/** Ignores TERM, leaves the group and its parent, and has a child that does the same. */
const STUBBORN = `trap '' TERM
(setsid sh -c 'trap "" TERM; (setsid sleep 61 &) ; echo deep; sleep 62' &)
echo ready; sleep 63`;

describe.each(tiers)("on the tier %s", (tier) => {
  test("nothing is left of a tree that ignores TERM, double-forks and leaves its session", async () => {
    const program = await start(STUBBORN, { tier, timeout: 30_000 });
    await expect.poll(() => program.text()).toMatch(/deep[^]*ready|ready[^]*deep/);
    // sh, its sleep, the sh in a session of its own, its sleep, and the one that left that too.
    // In a namespace also the leader, which is not of the program.
    await expect.poll(() => marked(program.mark).length).toBe(tier === "group" ? 5 : 6);
    const stopped = await program.stop({ grace: 100, reason: "test" });
    expect(stopped).toMatchObject({ stopped: 5, left: [], forced: true });
    expect(marked(program.mark)).toEqual([]);
    expect(stopped.unseen === undefined).toBe(tier !== "group");
    expect(await program.ended).toMatchObject({
      code: null,
      signal: "SIGKILL",
      cause: "stopped",
      reason: "test",
      stopped,
    });
  });

  test("a program that ends at TERM says how it ended, and what it wrote then is there", async () => {
    const program = await start("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done", {
      tier,
      grace: 10_000,
    });
    await expect.poll(() => program.text()).toBe("ready\n");
    const stopped = await program.stop();
    expect(stopped).toMatchObject({ left: [], forced: false });
    expect(await program.ended).toMatchObject({ code: 7, signal: null, cause: "stopped" });
    // What some shells say of the sleep goes to the other stream, which has no order with this one.
    expect(program.text().replace("Terminated\n", "")).toBe("ready\nbye\n");
  });

  test("a stopped process gets its TERM", async () => {
    const program = await start("echo ready; kill -STOP $$; exit 9", { tier, grace: 10_000 });
    await expect.poll(() => program.text()).toBe("ready\n");
    expect(await program.stop()).toMatchObject({ forced: false, left: [] });
  });

  test("time is up: the program and its children are gone", async () => {
    const ending = await run("sleep 64 & sleep 64", { tier, timeout: 150 });
    expect(ending).toMatchObject({ code: null, signal: "SIGTERM", cause: "timeout" });
    expect(ending.stopped).toMatchObject({ stopped: 3, left: [], forced: false });
  });

  test("a program that kills its own group takes the watcher along and is still ended", async () => {
    const ending = await run("setsid sleep 65 & sleep 0.2; kill -9 0", { tier });
    expect(ending).toMatchObject({ signal: "SIGKILL", cause: "itself" });
    expect(ending.stopped?.left ?? []).toEqual([]);
  });
});

test("more output than allowed stops the program, and nothing beyond it is kept", async () => {
  const ending = await run("exec yes 0123456789", { killBytes: 100_000 });
  expect(ending).toMatchObject({ cause: "output", signal: "SIGKILL" });
  expect(ending.text).toHaveLength(100_000);
});

test("what hides without a mark is found while its parent lives", async () => {
  const program = await start("setsid env -i /bin/sleep 66 & echo ready; wait");
  // The shell has these words in its script, too.
  await expect.poll(() => wearing("/bin/sleep 66").length).toBe(2);
  await expect.poll(() => marked(program.mark)).toEqual([program.pid]);
  expect(await program.stop()).toMatchObject({ stopped: 2, left: [] });
  expect(wearing("/bin/sleep 66")).toEqual([]);
});

test("a second stop makes it sooner, and gives the same answer", async () => {
  const program = await start("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  await expect.poll(() => program.text()).toBe("ready\n");
  const slow = program.stop({ grace: 600_000, reason: "first" });
  const fast = program.stop({ grace: 0, reason: "second" });
  expect(await slow).toEqual(await fast);
  expect(await program.ended).toMatchObject({ cause: "stopped", reason: "first" });
});

test("a stop after the end stops nothing", async () => {
  const program = await start("exit 0");
  await program.ended;
  expect(await program.stop()).toMatchObject({ stopped: 0, left: [] });
});

test("what a dead worker's program left behind is found by its mark, also a program inside a program", async () => {
  const mark = newMark();
  const program = await start("setsid sh -c 'sleep 67 & sleep 67' & echo ready; wait", { mark });
  await expect.poll(() => marked(mark).length).toBe(4);
  expect(await sweep(mark)).toEqual({ stopped: 4, left: [] });
  expect(await program.ended).toMatchObject({ signal: "SIGKILL", cause: "itself" });
});

test("a sink that fails stops the program, and the failure is told", async () => {
  const sink = () => {
    throw new Error("disk full");
  };
  const program = await start(`cd ${temporaryFolder()}; echo one; sleep 68`, { sink });
  await expect(program.ended).rejects.toThrow("disk full");
  expect(marked(program.mark)).toEqual([]);
});
