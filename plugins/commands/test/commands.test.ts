import { realpathSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { ProgramPolicy } from "@brains/plugin";
import type { LogsReply, ToolReply } from "@brains/shell";
import { commandLine } from "../src/command-line.ts";
import { MODEL, any, commandsShell } from "./rig.ts";

const dataOf = (reply: ToolReply): unknown => {
  if (reply.kind !== "data") throw new Error(`not data but ${reply.kind}`);
  return reply.data;
};
const why = "a test";
/** The machine may be busy. */
const PATIENT = { timeout: 10_000, interval: 20 };

test("an allowed command runs as a job, with its exit code, output and label", async () => {
  await using brain = await commandsShell();
  const outcome = await brain.run("commands:run", { command: "echo", args: ["hello", "big world"], description: why });
  expect(outcome).toMatchObject({
    state: "completed",
    result: { exitCode: 0, signal: null, outputBytes: 16, tail: "hello big world\n" },
    job: { label: 'echo hello "big world"', maxAttempts: 1 },
  });
});

test("another exit code and a signal fail the job, each with its own code and all that is known", async () => {
  await using brain = await commandsShell([any("sh")]);
  const run = (script: string) => brain.run("commands:run", { command: "sh", args: ["-c", script], description: why });
  expect(await run("echo no >&2; exit 3")).toMatchObject({
    state: "failed",
    error: { code: "EXIT_CODE", message: "exited with 3", data: { exitCode: 3, signal: null, tail: "no\n" } },
  });
  expect(await run("kill -KILL $$")).toMatchObject({
    state: "failed",
    error: { code: "EXIT_SIGNAL", message: "was ended by SIGKILL", data: { exitCode: null, signal: "SIGKILL" } },
  });
});

test("what the policy asks a person about waits, says what it waits for, and runs when it was approved", async () => {
  await using brain = await commandsShell();
  const outcome = await brain.run("commands:run", { command: "sh", args: ["-c", "echo ran"], description: why });
  expect(outcome).toMatchObject({ state: "waiting_approval" });
  const [request] = await brain.queue.requests.list({ open: true });
  expect(request?.details).toMatchObject({ argv: ["sh", "-c", "echo ran"], description: why, risk: 50 });
  expect(await brain.decide(request!.number, "approve")).toMatchObject({
    state: "completed",
    result: { tail: "ran\n" },
  });
});

test("what is denied or impossible is refused before there is a job", async () => {
  await using brain = await commandsShell([{ executable: "env", outcome: "deny", inline: false, name: "no env" }]);
  const run = (input: object) => brain.call("commands:run", { description: why, ...input }, { caller: MODEL });
  await expect(run({ command: "env" })).rejects.toMatchObject({
    code: "POLICY_DENIED",
    message: expect.stringMatching(/by no env .*programs\.policy/) as string,
  });
  await expect(run({ command: "no-such-program" })).rejects.toMatchObject({ code: "PROGRAM_NOT_FOUND" });
  await expect(run({ command: "ls", cwd: "/" })).rejects.toMatchObject({ code: "PROGRAM_FOLDER" });
  await expect(run({ command: "ls", env: ["TOKEN"] })).rejects.toMatchObject({ code: "PROGRAM_ENVIRONMENT" });
  await expect(run({ command: "ls", env: ["PATH"] })).rejects.toMatchObject({ code: "POLICY_DENIED" });
  await expect(run({ command: "ls", timeout: 90_000 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(run({ command: "ls -la" })).rejects.toMatchObject({ code: "PROGRAM_NOT_FOUND" });
  expect((await brain.queue.service.list({ limit: 10 })).items).toEqual([]);
});

test("a program gets its input, and a value of the config by its name", async () => {
  await using brain = await commandsShell([any("sh", { env: ["GREETING"] })], {
    environment: { GREETING: "good day" },
  });
  const input = { command: "sh", args: ["-c", 'read name; echo "$GREETING $name"'], description: why };
  expect(await brain.run("commands:run", { ...input, env: ["GREETING"], stdin: "Ada\n" })).toMatchObject({
    state: "completed",
    result: { tail: "good day Ada\n" },
  });
});

test("a command that takes longer than it may is stopped with what it started, and not tried again", async () => {
  await using brain = await commandsShell([any("sh")]);
  const input = { command: "sh", args: ["-c", "echo up; sleep 1000 & sleep 1000"], timeout: 90, description: why };
  const reply = await brain.call("commands:run", input, { wait: 0 });
  if (reply.kind !== "queued") throw new Error(reply.kind);
  const id = reply.queued.number;
  const said = async () => (dataOf(await brain.call("shell:logs", { id })) as LogsReply).lines.map(({ text }) => text);
  await vi.waitFor(async () => expect(await said()).toContain("up"), PATIENT);
  await brain.queue.clock.advance(89_000);
  expect(await brain.queue.service.getStatus(id)).toMatchObject({ state: "processing" });
  await brain.queue.clock.advance(1000);
  await vi.waitFor(
    async () =>
      expect(await brain.queue.service.getStatus(id)).toMatchObject({
        state: "failed",
        reason: "timeout",
        error: { message: expect.stringMatching(/Stopped \d process/) as string },
      }),
    PATIENT,
  );
});

test("more commands than may run at once wait and start by themselves; input that is sent reaches its own", async () => {
  await using brain = await commandsShell([any("cat")], {}, { config: { commands: { concurrency: 1 } } });
  const start = async () => {
    const reply = await brain.call("commands:run", { command: "cat", args: ["-u"], description: why }, { wait: 0 });
    if (reply.kind !== "queued") throw new Error(reply.kind);
    return reply.queued.number;
  };
  const becomes = (id: number, expected: object) =>
    vi.waitFor(async () => expect(await brain.queue.service.getStatus(id)).toMatchObject(expected), PATIENT);
  const [first, second] = [await start(), await start()];
  await becomes(first, { state: "processing" });
  await brain.call("shell:send", { id: second, text: "two\n", eof: true });
  await becomes(second, { state: "pending" });
  await brain.call("shell:send", { id: first, text: "one\n", eof: true });
  await becomes(first, { state: "completed", result: { exitCode: 0, tail: "one\n" } });
  await becomes(second, { state: "completed", result: { exitCode: 0, tail: "two\n" } });
});

test("allowed shows the rules, and with a command the one that would decide, and runs nothing", async () => {
  await using brain = await commandsShell([any("sh", { name: "shells" })], { environment: { LANGUAGE_OF_DOCS: "en" } });
  const policy = dataOf(
    await brain.call("commands:allowed", {}, { caller: { ...MODEL, role: "viewer" } }),
  ) as ProgramPolicy;
  expect(policy).toMatchObject({
    thresholds: { approve: 70, deny: 101 },
    folders: [brain.brainDir],
    env: ["LANGUAGE_OF_DOCS"],
  });
  expect(policy.rules[0]).toMatchObject({ name: "shells", executables: [realpathSync("/bin/sh")], outcome: "allow" });
  expect(policy.rules.at(-1)).toMatchObject({ name: "built-in: everything else", outcome: "approve" });
  const one = dataOf(await brain.call("commands:allowed", { command: "rm", args: ["-r", "x"] }));
  expect(one).toMatchObject({ command: "rm -r x", outcome: "approve", rule: "built-in: everything else", risk: 60 });
  expect((await brain.queue.service.list({ limit: 10 })).items).toEqual([]);
});

test("no tool that a model is shown decides a request, changes the policy or writes the config", async () => {
  await using brain = await commandsShell();
  for (const role of ["operator", "admin"] as const) {
    const shown = brain.shell.listTools({ ...MODEL, role });
    expect(shown.map(({ name }) => name)).toEqual(expect.arrayContaining(["commands:run", "commands:allowed"]));
    const names = shown.map(({ name }) => name).join(" ");
    expect(names).not.toMatch(/decide|approve|reject|policy|config|trust|pause|init/);
    for (const name of ["shell:decide", "shell:policy"])
      await expect(brain.call(name, {}, { caller: { ...MODEL, role } })).rejects.toMatchObject({ code: "FORBIDDEN" });
  }
});

test("a command that would write the config or the brain's home needs a person, whatever rule allows it", async () => {
  await using brain = await commandsShell(
    [any("cp")],
    {},
    { files: { "brains.yaml": "name: a", "new.yaml": "name: b" } },
  );
  for (const target of ["brains.yaml", "./brains.yaml", ".brains/secrets.env"])
    expect(
      await brain.run("commands:run", { command: "cp", args: ["new.yaml", target], description: why }),
    ).toMatchObject({ state: "waiting_approval" });
  expect(
    await brain.run("commands:run", { command: "cp", args: ["new.yaml", "b.yaml"], description: why }),
  ).toMatchObject({
    state: "completed",
  });
});

test("the descriptions that models read are short, and name what waits, shows, sends and cancels", async () => {
  await using brain = await commandsShell();
  const tools = brain.shell.listTools(MODEL).filter(({ plugin }) => plugin === "commands");
  for (const { description } of tools) expect(Buffer.byteLength(description)).toBeLessThan(2048);
  const { description } = tools.find(({ name }) => name === "commands:run")!;
  for (const word of ["shell:wait", "shell:status", "shell:logs", "shell:send", "shell:cancel", "no need to poll"])
    expect(description).toContain(word);
});

test("a label is one short line in which nothing hides", () => {
  expect(commandLine("git", ["log", "--oneline", "a b", ""])).toBe('git log --oneline "a b" ""');
  expect(commandLine("echo", ["\u001b[2J\u202eevil\nx"])).toBe('echo "\\u001b[2J\\u{202e}evil\\nx"');
  expect([...commandLine("echo", ["😀".repeat(200)])]).toHaveLength(80);
});
