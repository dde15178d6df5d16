import type { BatchView, JobReply, StatusReply } from "@brains/shell";
import { expect, test } from "vitest";
import { z } from "zod";
import { fieldsOf } from "../src/arguments.ts";
import { CliError } from "../src/cli-error.ts";
import { errorLines } from "../src/render/error.ts";
import { jobReplyLines } from "../src/render/job.ts";
import { jobNote, jobTable, listFooter } from "../src/render/jobs.ts";
import { dataLines } from "../src/render/data.ts";
import { wholeLines } from "../src/render/logs.ts";
import { remark } from "../src/render/operations.ts";
import { actionLines, changeLine, queuedLines } from "../src/render/replies.ts";
import { statusLines } from "../src/render/status.ts";
import { table } from "../src/render/table.ts";
import { toolLines } from "../src/render/tools.ts";
import { duration, parseDuration } from "../src/text/time.ts";
import { textWidth } from "../src/text/width.ts";
import { iso, job, operation, plain, request } from "./data.ts";

process.env.TZ = "UTC";

const status: StatusReply = {
  message: "1 operation is running; 1 needs a decision (#17).",
  operations: [
    operation({
      number: 12,
      label: "generate all",
      progress: "8/12 sections (67%)",
      currentTask: "landing:hero",
      estimateSource: "rate",
      counts: { percent: 67 },
      times: { createdAt: iso(60), startedAt: iso(60), estimatedCompletion: iso(-30) },
    }),
    operation({ number: 16, label: "publish", status: "waiting_approval", requests: [17] }),
    operation({
      number: 13,
      label: "promote all",
      status: "blocked",
      waitsFor: [12],
      times: { createdAt: iso(9), startedAt: undefined },
    }),
    operation({
      number: 11,
      label: "build site",
      status: "failed",
      error: "no space left",
      times: { createdAt: iso(90), endedAt: iso(13) },
    }),
  ],
  requests: [request({ number: 17, expiresAt: iso(-3600) })],
  workers: [{ pid: 4711, state: "running", answering: true }],
  paused: [],
  cursor: "c",
  more: false,
};

test("the status shows who works, what needs a person, what is active and what ended", () => {
  expect(statusLines({ status, brain: { name: "my-brain", home: "/h" } }, plain())).toEqual([
    " my-brain   worker 4711",
    " 1 operation is running; 1 needs a decision (#17).",
    "",
    " Needs you",
    " #17 Publish the new pages?  asked 2 minutes ago, expires in 1h00m  brains approve 17",
    "",
    " Active",
    "  ID  STATE      WHAT          PROGRESS              TIME  NOTE",
    " #12  running    generate all  8/12 sections (67%)  1m00s  landing:hero · ~30s left",
    " #16  needs you  publish                              22s  asks: brains approve 17",
    " #13  blocked    promote all                               waits for #12",
    "",
    " Ended lately",
    "  ID  STATE   WHAT        TIME  NOTE",
    " #11  failed  build site    9s  no space left",
  ]);
});

test("a quiet brain says so in two lines", () => {
  const quiet = { ...status, message: "Nothing is running.", operations: [], requests: [], workers: [] };
  expect(statusLines({ status: quiet, brain: { name: "b", home: "/h" } }, plain())).toEqual([
    " b   no worker (one starts when there is work)",
    " Nothing is running.",
  ]);
});

const jobs = [
  job({ number: 143, state: "blocked", type: "site:promote", waitsFor: [142] }),
  job({
    number: 142,
    state: "processing",
    label: "漢字 site",
    startedAt: iso(22),
    progress: { text: "41/412 pages (10%)", current: 41, total: 412, percent: 10, message: "docs/a.md", at: iso(0) },
  }),
  job({
    number: 141,
    state: "failed",
    reason: "timeout",
    startedAt: iso(100),
    endedAt: iso(40),
    error: { message: "took too long" },
  }),
  job({ number: 140, state: "cancelled", reason: "dependency" }),
  job({ number: 139, state: "pending", attempt: 1, runAt: iso(-30) }),
  job({ number: 138, startedAt: iso(130), endedAt: iso(128), batchNumber: 9 }),
];

test("a list of jobs has a line each, with what there is to say about it", () => {
  expect([
    ...jobTable(jobs, plain({ width: 120 })),
    ...listFooter(6, "jobs", "abc", 141, plain(), { state: "failed", since: undefined, limit: "6" }),
  ]).toEqual([
    "   ID  STATE      TYPE          WHAT       PROGRESS            STARTED   TIME  BATCH  NOTE",
    " #143  blocked    site:promote                                                        waits for #142",
    " #142  running    site:build    漢字 site  41/412 pages (10%)    11:59    22s         docs/a.md",
    " #141  timed out  site:build                                     11:58  1m00s         took too long",
    " #140  cancelled  site:build                                                          what it waited for did not comple…",
    " #139  queued     site:build                                                          try 2/3 in 30s",
    " #138  done       site:build                                     11:57     2s     #9",
    " 6 jobs   older: brains jobs --state failed --limit 6 --cursor abc   why: brains jobs 141",
  ]);
});

test.each([40, 60, 80, 100])("no line of a list is wider than %i cells", (width) => {
  for (const line of jobTable(jobs, plain({ width }))) expect(textWidth(line)).toBeLessThanOrEqual(width);
});

test("a table gives up its widest columns first and marks what it cut", () => {
  const rows = [{ a: "1", b: "a very long text that does not fit" }];
  const columns = [
    { title: "A", cell: (row: (typeof rows)[0]) => row.a },
    { title: "B", cell: (row: (typeof rows)[0]) => row.b, min: 8 },
  ];
  expect(table(rows, columns, plain({ width: 20 }))).toEqual([" A  B", " 1  a very long tex…"]);
});

test("a job in full says where it stands, why, and what can be done next", () => {
  const reply: JobReply = {
    kind: "job",
    operation: operation({
      number: 141,
      label: "build site",
      status: "failed",
      reason: "error",
      times: { createdAt: iso(60), endedAt: iso(13) },
    }),
    job: job({
      number: 141,
      label: "build site",
      state: "failed",
      reason: "error",
      attempt: 3,
      run: 2,
      data: { clean: true },
      startedAt: iso(22),
      endedAt: iso(13),
      error: { message: "content/a.md:3: bad\u001B[2J front matter" },
      origin: { principal: "ana", interface: "mcp" },
    }),
    steps: [{ name: "collect", at: iso(20), run: 2, attempt: 1 }],
    runs: [
      { run: 1, state: "cancelled", reason: "user", startedAt: iso(60), endedAt: iso(50) },
      { run: 2, state: "failed", error: { message: "bad front matter" }, startedAt: iso(22), endedAt: iso(13) },
    ],
    requests: [],
  };
  expect(jobReplyLines(reply, plain())).toEqual([
    " #141 site:build build site   FAILED",
    " content/a.md:3: bad front matter",
    " id       141-abc",
    " by       ana (mcp)",
    " created  11:59:00",
    " started  11:59:38",
    " ended    11:59:47",
    " time     9s",
    " try      3 of 3, run 2",
    ' input    {"clean":true}',
    " steps    done 11:59:40  collect",
    " RUN  STATE      TIME  NOTE",
    "   1  cancelled  10s",
    "   2  failed     9s    bad front matter",
    " next  brains logs 141 | brains retry 141 | brains resume 141",
  ]);
});

test("a batch in full counts, lists its errors, and shows first what needs a look", () => {
  const batch: BatchView = {
    batchId: "9-abc",
    number: 9,
    label: "generate all",
    unit: "sections",
    status: "failed",
    cancelling: false,
    open: false,
    policy: "continue",
    run: 1,
    totalOperations: 4,
    completedOperations: 3,
    failedOperations: 1,
    cancelledOperations: 0,
    processingOperations: 0,
    percent: 100,
    errors: [{ jobId: "11-abc", number: 11, label: "intro", message: "no title" }],
    createdAt: iso(60),
    startedAt: iso(50),
    endedAt: iso(20),
    progress: { text: "4/4 sections (100%)", current: 4, total: 4, percent: 100, at: iso(20) },
  };
  const reply: JobReply = {
    kind: "batch",
    operation: operation({
      number: 9,
      kind: "batch",
      label: "generate all",
      status: "failed",
      times: { createdAt: iso(60), startedAt: iso(50), endedAt: iso(20) },
    }),
    batch,
    jobs: [
      job({ number: 12, label: "outro" }),
      job({ number: 11, label: "intro", state: "failed", error: { message: "no title" } }),
    ],
  };
  expect(jobReplyLines(reply, plain())).toEqual([
    " #9 batch generate all   FAILED",
    " ████████████████████████ 4/4 sections (100%)  3 done, 1 failed",
    " id       9-abc",
    " created  11:59:00",
    " started  11:59:10",
    " ended    11:59:40",
    " time     30s",
    "",
    " Errors",
    " #11 intro: no title",
    "",
    "  ID  STATE   TYPE        WHAT   NOTE",
    " #11  failed  site:build  intro  no title",
    " #12  done    site:build  outro",
    " and 2 more",
    " next  brains retry 9 | brains resume 9",
  ]);
});

test("a request in full shows every detail and how to answer", () => {
  const reply: JobReply = {
    kind: "request",
    request: request({ number: 17, details: { command: "rm -rf build", files: ["a", "b"] }, digest: "9f3c" }),
  };
  expect(jobReplyLines(reply, plain())).toEqual([
    " #17 Publish the new pages?   OPEN",
    "     command: rm -rf build",
    '     files: ["a","b"]',
    " asked    2 minutes ago by #16 site:publish",
    " choices  approve, reject",
    " digest   9f3c",
    " next  brains approve 17 | brains reject 17",
  ]);
});

test("a tool's page shows how it is called before anything else", () => {
  const input = z.object({
    page: z.string().describe("Route"),
    dryRun: z.boolean().default(false).describe("Only plan"),
  });
  const tool = {
    name: "site:generate",
    plugin: "site",
    short: "generate",
    title: "Generate",
    description: "Generate sections. In the background.",
    input,
    role: "operator" as const,
    audience: "both" as const,
    visibility: "public" as const,
    annotations: { readOnly: false, destructive: false, idempotent: false },
  };
  expect(toolLines(tool, fieldsOf(input), plain())).toEqual([
    " site:generate   needs the role operator",
    " Generate sections. In the background.",
    "",
    " Examples",
    "   brains run generate --page …",
    "   brains run generate --page … --dry-run",
    "   brains run generate --page … --wait",
    "",
    " Fields",
    "   --page <string>  Route · required",
    "   --dry-run        Only plan · default false",
  ]);
});

test("an error says what happened, with its code, and cannot harm the terminal", () => {
  expect(errorLines(Object.assign(new Error("There is no job #9."), { code: "NOT_FOUND" }), plain())).toEqual([
    "error: There is no job #9. (NOT_FOUND)",
  ]);
  expect(errorLines(new CliError("USAGE", "Wrong\u001B[2J."), plain())).toEqual(["error: Wrong. (USAGE)"]);
  expect(errorLines("thrown text", plain())).toEqual(["error: thrown text"]);
});

test("short answers", () => {
  const queued = { status: "queued", number: 9, label: "build", message: "", tip: "" } as const;
  expect(queuedLines(queued, plain())).toEqual([
    " #9 build queued",
    " follow: brains wait 9 | brains status 9 | brains cancel 9",
  ]);
  expect(queuedLines(queued, plain({ prefix: "/" }))).toEqual([" #9 build queued"]);
  const results = [
    { id: "9-a", number: 9, kind: "job", ok: true, state: "processing", cancelling: true },
    { id: "8-a", number: 8, kind: "job", ok: false, error: { code: "INVALID_STATE", message: "It has ended." } },
  ] as const;
  expect(actionLines({ message: "", results }, plain())).toEqual([" #9 stopping", " #8 refused: It has ended."]);
});

test("data is laid out for people, and cannot harm the terminal", () => {
  const data = { folder: "dist\u001B[2J", pages: 13, missing: [], broken: ["a.md:3", "b.md:9"], more: { deep: true } };
  expect(dataLines(data, plain())).toEqual([
    " folder   dist",
    " pages    13",
    " missing  none",
    " broken   a.md:3",
    "          b.md:9",
    ' more     {"deep":true}',
  ]);
  expect(dataLines("two\nlines", plain())).toEqual([" two", " lines"]);
  expect(dataLines(undefined, plain())).toEqual([" ok"]);
});

test.each([
  [0, "0ms"],
  [40, "40ms"],
  [450, "0.4s"],
  [22_900, "22s"],
  [70_000, "1m10s"],
  [7_500_000, "2h05m"],
  [273_600_000, "3d 4h"],
])("%i milliseconds read %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  ["90", 90_000],
  ["1.5", 1500],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["soon", null],
  ["", null],
  ["-5", null],
])("%j is a time of %s milliseconds", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test("colours are there only when asked for", async () => {
  const { wantsColour } = await import("../src/text/style.ts");
  expect(wantsColour({}, true, undefined)).toBe(true);
  expect(wantsColour({}, false, undefined)).toBe(false);
  expect(wantsColour({ NO_COLOR: "1" }, true, undefined)).toBe(false);
  expect(wantsColour({ TERM: "dumb" }, true, undefined)).toBe(false);
  expect(wantsColour({}, true, false)).toBe(false);
  expect(wantsColour({ FORCE_COLOR: "1" }, false, undefined)).toBe(true);
});

test("a line that was written in pieces is one line", () => {
  const line = (stream: "stdout" | "stderr", text: string, open?: boolean) =>
    ({ stream, text, open, cursor: "c", at: iso(0), run: 1, attempt: 1 }) as const;
  const lines = wholeLines([
    line("stdout", "Name", true),
    line("stderr", "warning"),
    line("stdout", "? ", true),
    line("stdout", "Ada"),
    line("stdout", "next"),
  ]);
  expect(lines.map(({ text }) => text)).toEqual(["Name? Ada", "warning", "next"]);
});

test("a job that was cancelled says by whom or what was stopped, wherever it is shown", () => {
  const message = "The job was cancelled. Stopped 4 processes.";
  const ended = operation({ number: 5, status: "cancelled", reason: "user", error: message });
  const view = job({ number: 5, state: "cancelled", reason: "user", error: { message } });
  expect(changeLine(ended, plain())).toContain(message);
  expect(remark(ended, 0)).toBe(message);
  expect(jobNote(view, plain())).toBe(message);
});
