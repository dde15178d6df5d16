import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALLOWED, PATIENT, codeBrain } from "./kit.ts";
import type { CodeBrain } from "./kit.ts";

const quickjs = (code: string) => ({ code, sandbox: "quickjs" });

test("quickjs runs without approval, with console, top-level await and a value, and has no access to anything", async () => {
  await using brain = await codeBrain({ programs: {} });
  const code = [
    "const n: number = await Promise.resolve(20);",
    'console.log("n is", n, { a: [n] }, new Map([[1, 2]]));',
    "[n + 1, typeof process, typeof require, typeof fetch, typeof setTimeout, typeof WebAssembly]",
  ].join("\n");
  const none = Array.from({ length: 5 }, () => "undefined");
  expect(await brain.run("code:execute", quickjs(code))).toMatchObject({
    state: "completed",
    result: { value: [21, ...none], trust: expect.stringContaining("sandbox quickjs") },
  });
  expect(await brain.output(1)).toBe("n is 20 { a: [ 20 ] } Map(1) { 1 => 2 }");
  const imports = await brain.run(
    "code:execute",
    quickjs('import { existsSync, readFileSync } from "node:fs"; readFileSync'),
  );
  expect(imports).toMatchObject({ state: "failed", error: { message: expect.stringContaining("nothing to import") } });
});

test("in quickjs too much memory and a promise that nothing settles are errors, at their place", async () => {
  await using brain = await codeBrain({ programs: {}, config: { code: { memoryMegabytes: 8 } } });
  const full = await brain.run("code:execute", quickjs("const all = [];\nwhile (true) all.push({});"));
  expect(full).toMatchObject({ state: "failed", error: { code: "CODE_FAILED", data: { line: 2 } } });
  expect(full.error?.message).toContain("out of memory");
  const never = await brain.run("code:execute", quickjs("await new Promise(() => {})"));
  expect(never.error?.message).toContain("can no longer come");
});

test("work that is not done in time is handed over with its output, and ends at its own time limit", async () => {
  await using brain = await codeBrain({ programs: {}, config: { code: { handOver: 2 } } });
  const code = 'console.log("spinning"); while (true) {}';
  const call = brain.call("code:execute", { ...quickjs(code), timeout: 60 });
  await brain.said(1, "spinning");
  await brain.queue.clock.advance(2_500);
  expect(await call).toMatchObject({
    kind: "queued",
    waited: expect.any(Number),
    queued: { number: 1, output: "spinning", next: { reason: expect.stringContaining("It has run for") } },
  });
  const ended = brain.queue.service.wait(1, { timeout: 600_000 });
  await brain.queue.clock.advance(60_000);
  expect(await ended).toMatchObject({ state: "failed", reason: "timeout" });
});

const bwrap = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].some((path) => existsSync(path));

test.skipIf(!bwrap)(
  "in bwrap the system is read-only but for the named folders, and the value comes back",
  async ({ skip }) => {
    await using brain = await codeBrain({ programs: ALLOWED, files: { "out/kept.txt": "", "other.txt": "as it was" } });
    const code = [
      'import { existsSync, writeFileSync } from "node:fs";',
      "const tried = (path: string) => { try { writeFileSync(path, 'new'); return true } catch { return false } };",
      'console.log("inside");',
      `[tried("out/kept.txt"), tried("other.txt"), existsSync(${JSON.stringify(join(brain.home, "brains.db"))})]`,
    ].join("\n");
    const outcome = await brain.run("code:execute", { code, sandbox: "bwrap", write: ["out"] });
    if (await lacksNamespaces(outcome, brain)) skip("this system lets nobody make a namespace");
    expect(outcome).toMatchObject({ state: "completed", result: { value: [true, false, false] } });
    expect(readFileSync(join(brain.brainDir, "other.txt"), "utf8")).toBe("as it was");
  },
);

test.skipIf(!bwrap)(
  "a rule for bwrap lets code run wherever programs may work, and opens nothing else",
  async ({ skip }) => {
    const rule = { name: "held", kind: "code", sandbox: "bwrap", outcome: "allow" };
    await using brain = await codeBrain({
      programs: { folders: ["work"], policy: [rule] },
      files: { "work/a.txt": "" },
    });
    const held = { code: "1 + 1", sandbox: "bwrap", cwd: "work" };
    const outcome = await brain.run("code:execute", held);
    if (await lacksNamespaces(outcome, brain)) skip("this system lets nobody make a namespace");
    expect(outcome).toMatchObject({ state: "completed", result: { value: 2 } });
    await brain.start(held.code, { ...held, write: ["."] });
    await expect.poll(async () => (await brain.queue.service.getStatus(2))?.state, PATIENT).toBe("waiting_approval");
  },
);

async function lacksNamespaces({ state }: { readonly state: string }, brain: CodeBrain): Promise<boolean> {
  return state === "failed" && /namespace|Operation not permitted/.test(await brain.output(1));
}
