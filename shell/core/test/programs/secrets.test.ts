import { chmod, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineJob, definePlugin, failJob } from "@brains/plugin";
import type { Caller } from "@brains/plugin";
import { createTestShell } from "@brains/shell/testing";
import { ALLOW_ALL, SH, asked, ended, programShell } from "./kit.ts";

const MODEL: Caller = { principal: "tester", role: "operator", interface: "mcp" };
const CANARY = "canary-7d1f-secret";
const DECLARED = {
  ...ALLOW_ALL,
  secrets: ["TOKEN"],
  policy: ALLOW_ALL.policy!.map((rule) => ({ ...rule, env: ["TOKEN"] })),
};

async function filesIn(folder: string): Promise<Buffer[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile() && entry.name !== "secrets.env");
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const bytes = await readFile(join(parentPath, name));
      return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    }),
  );
}

test("a secret that a program gets is in no table, file, log or answer, also when its output splits it", async () => {
  await using brain = await programShell(DECLARED);
  await writeFile(join(brain.home, "secrets.env"), `TOKEN=${CANARY}\n`, { mode: 0o600 });
  const script =
    'echo "$TOKEN"; printf "${TOKEN%secret}"; sleep 0.05; echo "secret"; echo "::brains progress=1 msg=$TOKEN"; test "$TOKEN" = canary-7d1f-secret && exit 7';
  const id = await brain.ask({ ...SH(script.replace(CANARY, "$(echo canary-7d1f)-secret")), env: ["TOKEN"] });
  const job = await ended(brain, id);
  // It did get it.
  expect(job.result).toMatchObject({ code: 7 });
  const log = await brain.logs(id);
  expect(log.lines.filter(({ text }) => text === "***")).toHaveLength(2);
  await brain.shell.stop();
  await brain.queue.stop();
  expect(JSON.stringify([job, log, brain.log])).not.toContain(CANARY);
  const files = await filesIn(brain.home);
  expect(files.length).toBeGreaterThan(1);
  expect(files.filter((bytes) => bytes.includes(CANARY))).toEqual([]);
});

test("variables of this process do not reach a program, only those of the config that it asks for", async () => {
  process.env.OF_FRONT_END = "seen";
  await using brain = await programShell({
    ...ALLOW_ALL,
    policy: [{ ...ALLOW_ALL.policy![0]!, env: ["WANTED"] }],
    environment: { WANTED: "given", OTHER: "not" },
  });
  const id = await brain.ask({ ...SH("env | cut -d= -f1"), env: ["WANTED"] });
  await ended(brain, id);
  delete process.env.OF_FRONT_END;
  const names = (await brain.logs(id)).lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
  expect(names.filter((name) => name !== "_").toSorted()).toEqual([
    "BRAINS_JOB",
    "BRAINS_PROCESS",
    "HOME",
    "LANG",
    "LOGNAME",
    "PATH",
    "PWD",
    "SHELL",
    "TERM",
    "TMPDIR",
    "USER",
    "WANTED",
  ]);
});

test.each<[string, string, () => Record<string, unknown>]>([
  ["a variable that the config does not have", "PROGRAM_ENVIRONMENT", () => ({ env: ["NOWHERE"] })],
  ["a secret without a value", "PROGRAM_ENVIRONMENT", () => ({ env: ["EMPTY"] })],
  ["a secret that is too short to be masked", "PROGRAM_ENVIRONMENT", () => ({ env: ["SHORT"] })],
  ["a folder outside", "PROGRAM_FOLDER", () => ({ cwd: "/usr" })],
  ["a folder behind a file", "PROGRAM_FOLDER", () => ({ cwd: ".brains/secrets.env/sub" })],
  ["a folder that is not there", "PROGRAM_FOLDER", () => ({ cwd: "nowhere/at/all" })],
  ["a program that is not there", "PROGRAM_NOT_FOUND", () => ({ command: "no-such-program" })],
])("%s is refused, without another try", async (_, code, change) => {
  await using brain = await programShell({ ...ALLOW_ALL, secrets: ["EMPTY", "SHORT"] }, {}, { maxAttempts: 2 });
  await writeFile(join(brain.home, "secrets.env"), "SHORT=abc\n", { mode: 0o600 });
  const job = await ended(brain, await brain.ask({ ...SH("true"), ...change() }));
  expect(job).toMatchObject({ state: "failed", attempt: 1, error: { code } });
});

test("a file of secrets that others can read is not used", async () => {
  await using brain = await programShell(DECLARED);
  const file = join(brain.home, "secrets.env");
  await writeFile(file, `TOKEN=${CANARY}\n`);
  await chmod(file, 0o640);
  const job = await ended(brain, await brain.ask({ ...SH("true"), env: ["TOKEN"] }));
  expect(job.error).toMatchObject({ code: "SECRETS_UNSAFE", message: expect.stringContaining("chmod 600") as string });
});

test("what the policy denies is not run, and the rule is named", async () => {
  await using brain = await programShell({ policy: [{ name: "no shells", executable: "sh", outcome: "deny" }] });
  const job = await ended(brain, await brain.ask(SH("true")));
  expect(job.error).toMatchObject({ code: "POLICY_DENIED", message: expect.stringContaining('"no shells"') as string });
});

test("what a handler learns of a secret and gives as a result, an error or a step is masked", async () => {
  const learn = defineJob({
    type: "learn",
    input: z.object({ fails: z.boolean() }),
    maxAttempts: 1,
    async run({ fails }, job) {
      await job.runProgram({ ...SH("true"), env: ["TOKEN"] });
      const learnt = await job.step("learn", () => ({ [`key ${CANARY}`]: [`is ${CANARY}`] }));
      job.progress({ current: 1, message: CANARY });
      if (fails) throw failJob(`it was ${CANARY}`, { code: "LEARNT", data: { learnt, own: CANARY } });
      return { learnt, own: CANARY };
    },
  });
  const plugin = definePlugin({ id: "learns", jobs: [learn] });
  await using brain = await createTestShell({
    plugins: [plugin],
    shell: { programs: { ...DECLARED, folders: ["."] } },
  });
  await writeFile(join(brain.home, "secrets.env"), `TOKEN=${CANARY}\n`, { mode: 0o600 });
  const enqueue = (fails: boolean) => brain.queue.service.enqueue("learns:learn", { fails });
  const [well, badly] = [
    await ended(brain, (await enqueue(false)).number),
    await ended(brain, (await enqueue(true)).number),
  ];
  expect(well).toMatchObject({ state: "completed", result: { learnt: { "key ***": ["is ***"] }, own: "***" } });
  expect(badly).toMatchObject({
    state: "failed",
    error: { code: "LEARNT", message: "it was ***", data: { own: "***" } },
  });
  await brain.shell.stop();
  await brain.queue.stop();
  expect((await filesIn(brain.home)).filter((bytes) => bytes.includes(CANARY))).toEqual([]);
});

test("whoever cannot decide sees no hash, by which a short secret or a file that it may not read could be found out", async () => {
  await using brain = await programShell({ secrets: ["TOKEN"] });
  await writeFile(join(brain.home, "secrets.env"), "TOKEN=123456\n", { mode: 0o600 });
  const job = await brain.ask({ command: "cat", args: [join(brain.home, "secrets.env")], env: ["TOKEN"] });
  await asked(brain, job);
  for (const [tool, input] of [
    ["shell:requests", {}],
    ["shell:job", { id: job }],
    ["shell:status", { id: job }],
    ["shell:status", {}],
  ] as const) {
    const seen = async (caller?: Caller) => JSON.stringify(await brain.call(tool, input, caller && { caller }));
    expect(await seen(MODEL)).toContain("secrets.env");
    expect(await seen(MODEL)).not.toMatch(/[0-9a-f]{64}/);
    expect(await seen()).toMatch(/[0-9a-f]{64}/);
  }
});
