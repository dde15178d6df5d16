import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { runCli } from "../src/index.ts";
import { brains, openTestBrain, runWords } from "./rig/brain.ts";

test("run answers at once with a number, and the job goes on", async () => {
  const brain = await openTestBrain();
  const ran = await brains(brain, "run hold --name ada --json");
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.json).toMatchObject([{ v: 1, type: "queued", data: { status: "queued", number: 1, label: "hold ada" } }]);
  expect((await brains(brain, "jobs 1 --json")).json[0]?.data).toMatchObject({
    kind: "job",
    job: { state: "processing" },
  });
});

test("a prompt that was open before a plugin changed is told so when it starts work", async () => {
  const brain = await openTestBrain();
  expect((await brains(brain, "run hold --name ada")).err).toBe("");
  brain.newer = true;
  expect((await brains(brain, "run hold --name ada")).err).toContain("start brains again");
});

test("run --wait prints the result and ends with 0", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  const ran = await brains(brain, "run hold --name ada --tags a --tags b --wait --json");
  expect(ran.code).toBe(0);
  expect(ran.json).toMatchObject([
    {
      type: "outcome",
      data: {
        because: "ended",
        operations: [{ status: "completed" }],
        results: { 1: { name: "ada", tags: ["a", "b"] } },
      },
    },
  ]);
});

test("without a terminal waiting prints a line per change, and no escape sequence anywhere", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  const ran = await brains(brain, "run make --count 2 --wait");
  expect(ran.code).toBe(0);
  expect(ran.err).toMatch(/^ #1 make sections queued\n\d\d:\d\d:\d\d {2}#1 make sections/);
  expect(ran.out).toMatch(/^ #1 make sections {2}done/);
  expect(ran.out + ran.err).not.toContain("\u001B");
});

test("the exit code tells that the job failed, and the message why", async () => {
  const brain = await openTestBrain();
  const ran = await brains(brain, "run fail --wait");
  expect(ran.code).toBe(1);
  expect(ran.out).toContain("content/intro.md:12: no title");
  expect(ran.err).toContain("brains retry 1");
});

test("a wait that takes too long ends with 7 and leaves the job running", async () => {
  const brain = await openTestBrain();
  const ran = await brains(brain, "run hold --name ada --wait 0");
  expect(ran.code).toBe(7);
  expect((await brains(brain, "status 1")).out).toContain("RUNNING");
});

test("a job that asks a person ends the waiting with 5 where nobody can answer", async () => {
  const brain = await openTestBrain();
  const ran = await brains(brain, "run publish --wait");
  expect(ran.code).toBe(5);
  expect(ran.err).toContain("brains approve 2");
});

test("approve is refused without a terminal and inside a job, and decides nothing", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run publish --wait");
  expect(await brains(brain, "approve 2")).toMatchObject({
    code: 5,
    err: expect.stringContaining("needs a terminal") as string,
  });
  // By its name as a tool it is the same answer.
  expect(await brains(brain, "run shell:decide --ids 2 --choice approve")).toMatchObject({
    code: 5,
    err: expect.stringContaining("needs a terminal") as string,
  });
  const inside = await brains(brain, "approve 2 --json", { env: { BRAINS_JOB: "1-abc" } });
  expect(inside).toMatchObject({ code: 5, err: expect.stringContaining("inside job 1-abc") as string });
  expect(inside.json).toMatchObject([{ v: 1, type: "error", data: { code: "NEEDS_TERMINAL" } }]);
  expect((await brains(brain, "status --json")).json[0]?.data).toMatchObject({
    requests: [{ number: 2, state: "open" }],
  });
});

test("status, jobs, batches, logs and the verbs that steer load no plugin", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run make --count 1");
  for (const words of ["status", "jobs", "jobs 1", "batches", "batches 1", "logs 2", "cancel 1", "jobs 1 --json"]) {
    brain.opened.length = 0;
    expect(await brains(brain, words)).toMatchObject({ code: 0 });
    expect(brain.opened.map((options) => options.plugins)).toEqual([false]);
  }
});

test("a text that is longer than what is sent at once is sent in pieces, in order", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run hold --name ada");
  const text = `${"a".repeat(199_999)}😀${"b".repeat(300_000)}`;
  const sent = await runWords(brain, ["send", "1", text, "--eof"]);
  expect(sent.out).toBe(" #1: 500002 characters sent, in 3 pieces.\n");
  expect((await brains(brain, "send 1 more")).err).toContain("INPUT_CLOSED");
});

test("cancel says what became of each, and an unknown id changes nothing", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run make --count 3");
  const wrong = await brains(brain, "cancel 1 99");
  expect(wrong).toMatchObject({ code: 3, out: "", err: expect.stringContaining("#99") as string });
  const ran = await brains(brain, "cancel 1 --json");
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.json).toMatchObject([{ type: "cancel", data: { results: [{ number: 1, ok: true }] } }]);
  expect(await brains(brain, "wait 1")).toMatchObject({ code: 4 });
});

test("retry starts a new run, and deleting what still runs is refused", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run fail --wait");
  expect(await brains(brain, "retry 1")).toMatchObject({ code: 0, out: expect.stringMatching(/#1 .*run 2/) as string });
  expect(await brains(brain, "wait 1")).toMatchObject({ code: 1 });
  expect(await brains(brain, "delete 1")).toMatchObject({ code: 0, out: " #1 deleted\n" });
  expect(await brains(brain, "jobs 1")).toMatchObject({ code: 3 });
  await brains(brain, "run hold --name ada");
  expect((await brains(brain, "delete 2")).code).not.toBe(0);
});

test("logs are printed without what they could do to a terminal", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  await brains(brain, "run hold --name ada --wait");
  const ran = await brains(brain, "logs 1");
  expect(ran.out).toMatch(/^\d\d:\d\d:\d\d {2}holding ada\n\d\d:\d\d:\d\d {2}let go\n$/);
});

test("followed logs are one JSON object per line and end with the job", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run hold --name ada");
  const following = brains(brain, "logs 1 -f --json");
  brain.gate.open();
  const ran = await following;
  expect(ran.code).toBe(0);
  expect(ran.json).toMatchObject([
    {
      type: "log",
      data: { job: 1, stream: "note", text: expect.stringContaining("holding ada") as string },
      next: expect.any(String) as string,
    },
    { type: "log", data: { stream: "stderr", text: "let go" } },
    { type: "end", data: { job: 1, state: "completed" } },
  ]);
});

test("a list that has more gives the cursor of the next page", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run make --count 3");
  const first = await brains(brain, "jobs --limit 2 --json");
  const { next } = first.json[0]!;
  expect(next).toBeTypeOf("string");
  const second = await runWords(brain, ["jobs", "--limit", "2", "--json", "--cursor", next!]);
  const numbers = [first, second].flatMap((page) =>
    (page.json[0]!.data as { jobs: { number: number }[] }).jobs.map((job) => job.number),
  );
  expect(numbers).toEqual([4, 3, 2]);
});

test.each<[string, number, RegExp]>([
  ["run hodl --name x", 3, /no tool hodl\. Did you mean hold\?/],
  ["run hold --nmae x", 2, /no field --nmae\. Did you mean --name\?/],
  ["run hold", 2, /name/],
  ["run hold --name x --times many", 2, /needs a number/],
  ["run hold --input {broken", 2, /--input is not JSON/],
  ["jobs 99", 3, /#99/],
  ["jobs --limit 0", 2, /from 1 to 1000/],
  ["jobs --since soon", 2, /--since needs/],
  ["jobs --since 99999999999d", 2, /--since needs/],
  ["jobs --state runing", 2, /state/],
  ["wait 99", 3, /#99/],
  ["worker sotp", 2, /Did you mean stop\?/],
  ["completion tcsh", 2, /bash, zsh, fish|Did you mean/],
  ["jbos", 2, /Did you mean brains jobs\?/],
  ["web", 2, /not in this version/],
  ["help jbos", 2, /Did you mean jobs\?/],
])("brains %s ends with %i and says what is wrong on stderr alone", async (words, code, message) => {
  const brain = await openTestBrain();
  const ran = await brains(brain, words);
  expect(ran).toMatchObject({ code, out: "", err: expect.stringMatching(message) as string });
  const asJson = await brains(brain, `${words} --json`);
  expect(asJson.json).toMatchObject([
    { v: 1, type: "error", data: { message: expect.stringMatching(message) as string } },
  ]);
});

test("input comes from stdin with --input -, and fields override it", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  const ran = await brains(brain, "run hold --input - --tags b --wait --json", {
    stdin: '{"name":"ada","tags":["a"]}',
  });
  expect(ran.json).toMatchObject([{ data: { results: { 1: { name: "ada", tags: ["b"] } } } }]);
});

test("a tool that answers with data prints it", async () => {
  const brain = await openTestBrain();
  expect((await brains(brain, "run count --of abc --json")).json).toEqual([
    { v: 1, type: "data", data: { letters: 3 } },
  ]);
  expect((await brains(brain, "run count --of abc")).out).toContain("letters  3");
});

test("the same key does the work once", async () => {
  const brain = await openTestBrain();
  const numbers = [];
  for (const words of ["run hold --name ada --key k --json", "run hold --name ada --key k --json"]) {
    numbers.push((await brains(brain, words)).json[0]?.data);
  }
  expect(numbers[0]).toMatchObject({ number: 1 });
  expect(numbers[1]).toMatchObject({ number: 1 });
});

test("run --after starts when the other has completed", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run hold --name first");
  await brains(brain, "run hold --name second --after 1");
  expect((await brains(brain, "jobs 2 --json")).json[0]?.data).toMatchObject({
    job: { state: "blocked", waitsFor: [1] },
  });
  brain.gate.open();
  expect(await brains(brain, "wait 1 2")).toMatchObject({ code: 0 });
});

test("every command prints one JSON object", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run make --count 1");
  const types: Record<string, string> = {
    status: "status",
    jobs: "jobs",
    "jobs 2": "job",
    "jobs 1": "batch",
    batches: "batches",
    "logs 2": "logs",
    tools: "tools",
    "tools hold": "tool",
    help: "help",
    "help exit-codes": "exit-codes",
    "worker stop": "workers-stopped",
    "init x": "init",
    "trust x": "trust",
    "completion zsh": "completion",
    "--version": "version",
  };
  for (const [words, type] of Object.entries(types)) {
    const ran = await brains(brain, `${words} --json`);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.json).toMatchObject([{ v: 1, type }]);
  }
});

test("commands come line by line from a pipe, and the last one's exit code counts", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  const ran = await brains(brain, "", { stdin: "hold --name 'ada b'\n\n# a remark\n/wait 1\nstatus\n/jobs 99\n" });
  expect(ran.code).toBe(3);
  expect(ran.out).toContain("#1 hold ada b");
  expect(ran.out).toContain("Ended lately");
  expect(ran.err).toContain("#99");
  expect(await brains(brain, "", { stdin: "count --of abc\n/quit\njobs 99\n" })).toMatchObject({ code: 0 });
});

test("the demonstration without a terminal runs its steps in order and says the last words", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  const ran = await brains(brain, "demo");
  expect(ran.code).toBe(0);
  expect(ran.out).toContain('closed with {"name":"last","tags":[]}');
  const { jobs } = (await brains(brain, "jobs --json")).json[0]!.data as { jobs: { number: number; state: string }[] };
  expect(jobs.every((job) => job.state === "completed")).toBe(true);
});

test("completion offers commands, tools, fields, states and live numbers", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run hold --name ada");
  const offered = async (...words: string[]) =>
    (await runWords(brain, ["complete", "--", ...words])).out.split("\n").map((line) => line.split("\t")[0]);
  expect(await offered("sta")).toContain("status");
  expect(await offered("run", "ho")).toContain("hold");
  expect(await offered("run", "hold", "--n")).toContain("--name");
  expect(await offered("jobs", "--state", "fa")).toEqual(["failed", ""]);
  expect(await offered("cancel", "")).toContain("1");
});

test("--state takes the words of the screens as well as the names of the states", async () => {
  const brain = await openTestBrain();
  brain.gate.open();
  await brains(brain, "run hold --name ada --wait");
  await brains(brain, "run make --count 1 --wait");
  for (const state of ["done", "Completed"]) {
    expect((await brains(brain, `jobs --state ${state} --json`)).json[0]?.data).toMatchObject({ jobs: [{}, {}] });
    expect((await brains(brain, `batches --state ${state} --json`)).json[0]?.data).toMatchObject({ batches: [{}] });
    expect((await brains(brain, `status --state ${state} --json`)).json[0]?.data).toMatchObject({
      operations: [{}, {}],
    });
  }
  expect((await brains(brain, "jobs --state running --json")).json[0]?.data).toMatchObject({ jobs: [] });
  expect(await brains(brain, "jobs --state bogus")).toMatchObject({
    code: 2,
    err: 'error: --state needs one of queued, blocked, needs-you, running, done, failed, cancelled, not "bogus". (USAGE)\n',
  });
});

test("output that cannot be written is an error, and a reader that left early is none", async () => {
  const brain = await openTestBrain();
  const writeTo = async (code: string) => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    const exit = await runCli({ argv: ["jobs"], stdin, stdout, stderr, env: {}, cwd: "/", app: brain.app });
    return { exit, err: String(stderr.read() ?? "") };
  };
  expect(await writeTo("EPIPE")).toEqual({ exit: 0, err: "" });
  const full = await writeTo("ENOSPC");
  expect(full.exit).toBe(1);
  expect(full.err).toContain("error: The output could not be written: ENOSPC.");
});

test("a beginning of several names suggests the shortest", async () => {
  const brain = await openTestBrain();
  expect(await brains(brain, "tools site:")).toMatchObject({
    code: 3,
    err: expect.stringContaining("Did you mean site:fail?") as string,
  });
});

test("an empty list suggests a start only where nothing was filtered away", async () => {
  const brain = await openTestBrain();
  expect((await brains(brain, "jobs")).out).toBe(" no jobs   start one: brains tools\n");
  expect((await brains(brain, "jobs --state failed")).out).toBe(" no such jobs\n");
});
