import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { isAlive, kill, LIMIT, MAIN, makeBrain, type TestBrain } from "./brain-kit.ts";
import type { Queued } from "./gates-brain.ts";
import { connect } from "./mcp-clients.ts";

/** Says that it began, starts a child which leaves its session, and goes on when the gate is open. */
const SLOW = `
import { spawn } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
const child = spawn("setsid", ["sleep", "300"], { stdio: "inherit" });
appendFileSync("begun.ledger", "begun\\n");
console.log("began");
const look = setInterval(() => {
  if (!existsSync("go.gate")) return;
  clearInterval(look);
  console.error("went on");
  child.kill();
}, 20);
`;

const CONFIG = `plugins:
  - commands
programs:
  policy:
    - { executable: ${process.execPath}, args: [{ any: rest }], outcome: allow }
`;

const slowBrain = (): Promise<TestBrain> => makeBrain({ files: { "brains.yaml": CONFIG, "slow.mjs": SLOW } });
const RUN = { command: process.execPath, args: ["slow.mjs"], description: "something slow" };

/** The command and its child, by their working folder: in a namespace of their own they know other pids than we do. */
function programsOf(brain: TestBrain): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return readlinkSync(`/proc/${pid}/cwd`) === brain.dir && /slow\.mjs|sleep/.test(line);
    } catch {
      return false;
    }
  });
}

test("a command on the command line prints what it writes as it comes, and ends as it did", async () => {
  const brain = await makeBrain({
    files: {
      "brains.yaml": CONFIG,
      "fails.mjs": 'console.log("to stdout"); console.error("to stderr"); process.exit(3);',
    },
  });
  const input = JSON.stringify({ command: process.execPath, args: ["fails.mjs"] });
  const ended = await brain.run("run", "commands:run", "--input", input);
  expect(ended.stdout.split("\n").toSorted()).toEqual(["", "to stderr", "to stdout"]);
  expect(ended.stderr).toContain("exited with 3");
  expect(ended.code).toBe(1);
});

test("a long command over MCP is handed over with its output, and outlives the client", async () => {
  const brain = await slowBrain();
  const first = await connect(brain);
  const answer = await first.call("commands_run", { ...RUN, wait: 1 });
  expect(answer.structuredContent).toMatchObject({
    status: "queued",
    number: 1,
    next: { seconds: expect.any(Number), reason: expect.any(String) },
  });
  await vi.waitFor(async () => expect(await brain.ledger("begun")).toHaveLength(1), LIMIT);
  kill(first.pid);
  await vi.waitFor(() => expect(isAlive(first.pid)).toBe(false), LIMIT);

  const second = await connect(brain);
  const status = await second.call("shell_status", { id: 1 });
  expect(status.structuredContent).toMatchObject({ operations: [{ status: "processing", plugin: "commands" }] });
  await brain.open("go");
  await second.call("shell_wait", { ids: 1, timeout: 30 });
  const job = await second.call("shell_job", { id: 1 });
  expect(job.structuredContent).toMatchObject({ job: { state: "completed", result: { exitCode: 0, signal: null } } });
  const logs = await second.call("shell_logs", { id: 1 });
  expect(logs.structuredContent).toMatchObject({
    lines: [
      { stream: "stdout", text: "began" },
      { stream: "stderr", text: "went on" },
    ],
    ended: true,
  });
});

test.runIf(process.platform === "linux")(
  "a command whose worker is killed ends with all it started, is not repeated, is told of once, and runs again when asked",
  async () => {
    const brain = await slowBrain();
    await brain.json<Queued>("run", "commands:run", "--input", JSON.stringify(RUN));
    await vi.waitFor(async () => expect(await brain.ledger("begun")).toHaveLength(1), LIMIT);
    expect(programsOf(brain).length).toBeGreaterThanOrEqual(2);
    kill(await brain.worker());

    const queue = await brain.queue();
    const told = await vi.waitFor(async () => {
      const status = await brain.run("status");
      expect(status.stderr).toContain("#1 was interrupted when the worker died");
      return status;
    }, LIMIT);
    expect(told.code).toBe(0);
    expect(await queue.service.getStatus(1)).toMatchObject({ state: "failed", reason: "interrupted" });
    await vi.waitFor(() => expect(programsOf(brain)).toEqual([]), LIMIT);
    expect((await brain.run("status")).stderr).not.toContain("interrupted");
    const log = (await brain.run("logs", "1")).stdout;
    expect(log).toContain("began");
    expect(log).toMatch(/The worker \(process \d+\) died while the program ran\. (Nothing|Still found)/);
    expect(await brain.ledger("begun")).toHaveLength(1);

    await brain.open("go");
    await brain.run("retry", "1");
    const again = await brain.run("wait", "1", "--timeout", "30");
    expect(again.code).toBe(0);
    expect(await brain.ledger("begun")).toHaveLength(2);
  },
);

/** Tries to answer a request, and to feed the job that asked, as it is and with cleared variables. */
const DECIDES = `
import { spawnSync } from "node:child_process";
const [main, request, job] = process.argv.slice(2);
for (const env of process.platform === "linux" ? [process.env, {}] : [process.env]) {
  for (const words of [["approve", request], ["run", "shell:decide", "--ids", request, "--choice", "approve"], ["send", job, "x"]]) {
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], { env, encoding: "utf8" });
    console.log(status === 0 ? "DONE" : stderr);
  }
}
`;

test("a job cannot decide: neither what waits for a person, nor by calling brains itself", async () => {
  const brain = await makeBrain({ files: { "brains.yaml": CONFIG, "decides.mjs": DECIDES } });
  const asking = await brain.json<Queued>(
    "run",
    "commands:run",
    "--input",
    JSON.stringify({ command: "sh", args: ["-c", "touch evil.ledger"], description: "something that is asked about" }),
  );
  const queue = await brain.queue();
  const request = await vi.waitFor(async () => {
    const [open] = await queue.requests.list({ open: true });
    expect(open).toBeDefined();
    return open!;
  }, LIMIT);
  // Without a terminal nobody is a person.
  expect(await brain.run("approve", String(request.number))).toMatchObject({ code: 5 });
  const approving = await brain.run(
    "run",
    "commands:run",
    "--wait",
    "--input",
    JSON.stringify({
      command: process.execPath,
      args: ["decides.mjs", MAIN, `${request.number}`, `${asking.number}`],
      description: "approve oneself",
    }),
  );
  expect(approving.code).toBe(0);
  const said = (await brain.run("logs", String(request.number + 1))).stdout;
  // By the command, by the tool, and by input to what is to be approved; on Linux also by a child with cleared variables.
  const times = process.platform === "linux" ? 2 : 1;
  expect(said.match(/a job cannot answer for a person/g)).toHaveLength(times);
  expect(said.match(/shell:decide/g)).toHaveLength(times);
  expect(said.match(/INPUT_NEEDS_APPROVAL/g)).toHaveLength(times);
  expect(await queue.service.getStatus(asking.number)).toMatchObject({ state: "waiting_approval" });
  expect(existsSync(join(brain.dir, "evil.ledger"))).toBe(false);
  expect(readFileSync(join(brain.dir, "brains.yaml"), "utf8")).toBe(CONFIG);
});

test("no rule lets a command at the config, whatever its name, nor at the brain's own plugins", async () => {
  const rule = "{ executable: cat, args: [{ any: rest }], folders: [/], outcome: allow }";
  const config = `plugins: [commands, ./mine.ts]\nprograms: { policy: [${rule}] }\n`;
  const files = { "other.yaml": config, "mine.ts": "", "notes.md": "" };
  const brain = await makeBrain({ files });
  const outcomes = await Promise.all(
    Object.keys(files).map(async (file) => {
      const tested = await brain.run("--config", join(brain.dir, "other.yaml"), "policy", "test", "--", "cat", file);
      return tested.stdout.split(" ")[1];
    }),
  );
  expect(outcomes).toEqual(["approve", "approve", "allow"]);
});
