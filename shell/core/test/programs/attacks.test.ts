// What was approved and then changed does not run.
import { existsSync } from "node:fs";
import { chmod, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { ProgramRequest } from "@brains/plugin";
import { isProgramCard } from "@brains/shell";
import { PATIENT } from "../fixtures/gated.ts";
import { tempFolder } from "../temp-folder.ts";
import { SH, asked, programShell } from "./kit.ts";
import type { ProgramShell } from "./kit.ts";

const touching = (path: string) => `#!/bin/sh\ntouch ${path}\n`;

async function executable(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

/** Until an approval expires: so few that the clock is there at once. */
const HOURS = 0.01;
const expire = ({ queue }: ProgramShell) => queue.clock.advance(HOURS * 3_600_000 + 1000);

/** Asks, changes something, approves; gives what the next request says of the change. */
async function approvedThenChanged(brain: ProgramShell, request: ProgramRequest, change: () => Promise<unknown>) {
  const job = await brain.ask(request);
  await asked(brain, job);
  await change();
  const { state } = await brain.decide(job, "approve");
  const again = await asked(brain, job);
  const { details } = again;
  return { state, name: again.name, job, changed: isProgramCard(details) ? details.changed : undefined };
}

test("a script that was rewritten is not run; when that was approved, the new one is, once", async () => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const script = join(folder, "do.sh");
  await executable(script, touching(join(folder, "old")));
  const first = await approvedThenChanged(brain, { command: "sh", args: ["do.sh"], cwd: "work" }, () =>
    executable(script, touching(join(folder, "new"))),
  );
  expect(first).toMatchObject({
    state: "waiting_approval",
    name: expect.stringMatching(/^program:.*:2$/) as string,
    changed: [`the file ${script} changed`],
  });
  expect([existsSync(join(folder, "old")), existsSync(join(folder, "new"))]).toEqual([false, false]);
  expect(await brain.decide(first.job, "approve")).toMatchObject({ state: "completed" });
  expect([existsSync(join(folder, "old")), existsSync(join(folder, "new"))]).toEqual([false, true]);
});

test("an earlier approval does not hold when somebody was asked anew meanwhile", async () => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const script = join(folder, "do.sh");
  const old = touching(join(folder, "old"));
  await executable(script, old);
  const { job } = await approvedThenChanged(brain, { command: "sh", args: ["do.sh"], cwd: "work" }, () =>
    executable(script, touching(join(folder, "new"))),
  );
  await executable(script, old);
  expect(await brain.decide(job, "approve")).toMatchObject({ state: "waiting_approval" });
  expect(existsSync(join(folder, "old"))).toBe(false);
});

test("another program that gets in front of it on the path is not run", async () => {
  const bin = await tempFolder();
  const before = await tempFolder();
  await using brain = await programShell({ path: `${before}:${bin}:/usr/bin:/bin` });
  await executable(join(bin, "tool"), touching(join(bin, "ran")));
  const { state, changed } = await approvedThenChanged(brain, { command: "tool" }, () =>
    executable(join(before, "tool"), touching(join(bin, "evil"))),
  );
  expect({ state, changed }).toEqual({ state: "waiting_approval", changed: ["the executable changed"] });
  expect([existsSync(join(bin, "ran")), existsSync(join(bin, "evil"))]).toEqual([false, false]);
});

test.each(["the executable", "a file", "the folder"])("a symlink of %s that was swapped is seen", async (what) => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const [one, two, link] = ["one", "two", "link"].map((name) => join(folder, name)) as [string, string, string];
  if (what === "the folder") {
    await brain.folder("work/one");
    await brain.folder("work/two");
  } else {
    const same = touching(join(folder, "ran"));
    await executable(one, same);
    await executable(two, same);
  }
  await symlink(one, link);
  const request: ProgramRequest =
    what === "the executable"
      ? { command: link }
      : what === "a file"
        ? { command: "sh", args: [link] }
        : { ...SH("touch ../ran"), cwd: link };
  const { state, changed } = await approvedThenChanged(brain, request, async () => {
    await rm(link);
    await symlink(two, link);
  });
  expect(state).toBe("waiting_approval");
  expect(changed).toEqual([expect.stringMatching(/^the (executable|file .*|working folder) changed$/)]);
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("a file that appears under the name of an argument is seen", async () => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const { state, changed } = await approvedThenChanged(
    brain,
    { command: "ls", args: ["--color=later.txt"], cwd: "work" },
    () => writeFile(join(folder, "later.txt"), "x"),
  );
  expect({ state, changed }).toEqual({
    state: "waiting_approval",
    changed: [`the file ${join(folder, "later.txt")} was added`],
  });
});

test("an approval is of one job with its arguments", async () => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const one = await brain.ask({ command: "touch", args: [join(folder, "one")] });
  const two = await brain.ask({ command: "touch", args: [join(folder, "two")] });
  const first = await asked(brain, one);
  const second = await asked(brain, two);
  expect(first.digest).not.toBe(second.digest);
  await expect(brain.call("shell:decide", { ids: two, choice: "approve", digest: first.digest })).rejects.toThrow(
    expect.objectContaining({ code: "DIGEST_MISMATCH" }),
  );
  await brain.decide(one, "approve");
  expect([existsSync(join(folder, "one")), existsSync(join(folder, "two"))]).toEqual([true, false]);
});

test("a retry asks again", async () => {
  await using brain = await programShell();
  const folder = await brain.folder("work");
  const job = await brain.ask({ ...SH("echo x >> ran; exit 1"), cwd: "work" });
  await asked(brain, job);
  await brain.decide(job, "approve");
  await rm(join(folder, "ran"));
  await brain.call("shell:retry", { id: job });
  await asked(brain, job);
  await expect(
    brain.call("shell:decide", { ids: (await brain.queue.requests.list({ job }))[0]!.number, choice: "approve" }),
  ).rejects.toThrow(expect.objectContaining({ code: "ALREADY_DECIDED" }));
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("another attempt of the same run asks again", async () => {
  await using brain = await programShell({}, {}, { maxAttempts: 2 });
  const folder = await brain.folder("work");
  const job = await brain.ask({ ...SH("echo x >> ran; exit 1"), cwd: "work" });
  await asked(brain, job);
  expect(await brain.decide(job, "approve")).toMatchObject({ state: "waiting_approval" });
  const { name, details } = await asked(brain, job);
  expect({ name, details }).toMatchObject({
    name: expect.stringMatching(/^program:.*:2$/) as string,
    details: { changed: ["the earlier approval was used"] },
  });
  expect(await readFile(join(folder, "ran"), "utf8")).toBe("x\n");
});

test("after a rejection, a cancel or its expiry nothing runs", async () => {
  await using brain = await programShell({}, { approvals: { hours: HOURS } });
  const folder = await brain.folder("work");
  const ask = async () => {
    const job = await brain.ask({ command: "touch", args: [join(folder, "ran")] });
    return { job, request: await asked(brain, job) };
  };
  const rejected = await ask();
  expect(await brain.decide(rejected.job, "reject")).toMatchObject({ state: "failed", reason: "rejected" });
  const cancelled = await ask();
  await brain.call("shell:cancel", { ids: cancelled.job });
  const expired = await ask();
  await expire(brain);
  await vi.waitFor(async () => {
    const late = await brain.queue.service.getStatus(expired.job);
    expect(late).toMatchObject({ state: "failed", reason: "approval_timeout" });
  }, PATIENT);
  for (const { request } of [rejected, cancelled, expired])
    await expect(brain.call("shell:decide", { ids: request.number, choice: "approve" })).rejects.toThrow();
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("an approval that came in time is too old when the program starts later", async () => {
  await using brain = await programShell({}, { approvals: { hours: HOURS } });
  const folder = await brain.folder("work");
  const job = await brain.ask({ command: "touch", args: [join(folder, "ran")] });
  await asked(brain, job);
  await brain.call("shell:pause", { name: "runner" });
  await brain.call("shell:decide", { ids: job, choice: "approve" });
  await expire(brain);
  await brain.call("shell:unpause", { name: "runner" });
  const again = await asked(brain, job);
  expect(again.details).toMatchObject({ changed: ["the earlier approval has expired"] });
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("where the config says so, whoever asked does not decide", async () => {
  await using brain = await programShell({}, { approvals: { requesterMayDecide: false } });
  const folder = await brain.folder("work");
  const job = await brain.ask({ command: "touch", args: [join(folder, "ran")] });
  await asked(brain, job);
  await expect(brain.call("shell:decide", { ids: job, choice: "approve" })).rejects.toThrow(
    expect.objectContaining({ code: "REQUESTER_MAY_NOT_DECIDE" }),
  );
  await brain.call("shell:decide", { ids: job, choice: "approve" }, { caller: brain.as("approver", "somebody else") });
  await vi.waitFor(() => expect(existsSync(join(folder, "ran"))).toBe(true), PATIENT);
});
