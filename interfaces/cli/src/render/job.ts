import type { JobReply } from "@brains/shell";
import { printable, printableLines } from "../text/printable.ts";
import { clockSeconds, clockTime, duration } from "../text/time.ts";
import { truncate, wrap } from "../text/width.ts";
import { bar } from "./bar.ts";
import { jobNote, jobTable } from "./jobs.ts";
import type { Layout } from "./layout.ts";
import { elapsed, isActive, nameOf, remaining, remark } from "./operations.ts";
import { requestLine, requestLines } from "./requests.ts";
import { stateTone, stateWord } from "./state.ts";
import { pairs, table } from "./table.ts";

type OneJob = Extract<JobReply, { kind: "job" }>;
type OneBatch = Extract<JobReply, { kind: "batch" }>;

function at(iso: string | undefined, now: number): string | undefined {
  if (iso === undefined) return undefined;
  const time = Date.parse(iso);
  const day = clockTime(time, now).replace(/\d\d:\d\d$/, "");
  return `${day}${clockSeconds(time)}`;
}

function heading(reply: OneJob | OneBatch, layout: Layout): string {
  const { operation } = reply;
  const standing = { state: operation.status, reason: operation.reason, cancelling: operation.cancelling };
  const tone = stateTone(standing);
  const word = stateWord(standing).toUpperCase();
  const kind = reply.kind === "job" ? reply.job.type : "batch";
  const label = nameOf(operation);
  const name = label === kind || label === "" ? "" : ` ${label}`;
  return ` ${layout.style.bold(`#${operation.number}`)} ${printable(kind)}${layout.style.bold(name)}   ${tone === undefined ? word : layout.style[tone](word)}`;
}

function inOneLine(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The verbs that make sense for the state it is in. */
function verbs(reply: OneJob | OneBatch, layout: Layout, retriable: boolean): string {
  const { number, status } = reply.operation;
  const active = isActive(reply.operation);
  const list = active
    ? [`wait ${number}`, `cancel ${number}`]
    : retriable
      ? [`retry ${number}`, `resume ${number}`]
      : [`delete ${number}`];
  if (reply.kind === "job" && status !== "pending") list.unshift(`logs ${number}${active ? " -f" : ""}`);
  return ` ${layout.style.dim("next")}  ${list.map((verb) => layout.prefix + verb).join(" | ")}`;
}

function jobLines(reply: OneJob, layout: Layout): string[] {
  const { job, operation, steps, runs } = reply;
  const { style, now } = layout;
  const share = job.progress?.percent;
  const lines = [heading(reply, layout)];
  const note = jobNote(job, layout);
  if (job.error !== undefined && job.state === "failed") {
    for (const line of printableLines(job.error.message)) {
      for (const part of wrap(line, Math.min(layout.width, 160) - 2)) lines.push(` ${style.red(part)}`);
    }
  } else if (note !== "") lines.push(` ${truncate(printable(note), layout.width - 1)}`);
  if (share !== undefined && job.state === "processing") {
    lines.push(
      ` ${style.cyan(bar(share / 100, 24))} ${[job.progress?.text, remaining(operation, now)].filter((part) => (part ?? "") !== "").join("  ")}`,
    );
  }
  for (const request of reply.requests.filter((each) => each.state === "open"))
    lines.push(requestLine(request, layout));
  const origin = job.origin;
  lines.push(
    ...pairs(
      [
        ["id", job.id],
        ["batch", job.batchNumber === undefined ? undefined : `#${job.batchNumber}`],
        [
          "by",
          origin === undefined
            ? undefined
            : `${origin.principal}${origin.interface === undefined ? "" : ` (${origin.interface})`}`,
        ],
        ["created", at(job.createdAt, now)],
        ["started", at(job.startedAt, now)],
        ["ended", at(job.endedAt, now)],
        ["time", elapsed(operation, now)],
        ["try", job.attempt > 1 || job.run > 1 ? `${job.attempt} of ${job.maxAttempts}, run ${job.run}` : undefined],
        [
          "worker",
          job.worker === undefined ? undefined : `${job.worker.pid}${job.worker.answering ? "" : " (not answering)"}`,
        ],
        ["input", job.withheld === true ? "belongs to somebody else" : inOneLine(job.data)],
        ["result", job.state === "completed" ? inOneLine(job.result) : undefined],
        ...steps.map(
          (step, index) => [index === 0 ? "steps" : " ", `done ${at(step.at, now) ?? ""}  ${step.name}`] as const,
        ),
      ],
      layout,
    ),
  );
  if (runs.length > 1) {
    lines.push(
      ...table(
        runs,
        [
          { title: "RUN", cell: (run) => String(run.run), align: "right" },
          { title: "STATE", cell: (run) => ({ text: stateWord(run), tone: stateTone(run) }) },
          {
            title: "TIME",
            cell: (run) =>
              run.startedAt === undefined || run.endedAt === undefined
                ? ""
                : duration(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
          },
          { title: "NOTE", cell: (run) => ({ text: run.error?.message ?? "", tone: "dim" }), min: 8 },
        ],
        layout,
      ),
    );
  }
  lines.push(verbs(reply, layout, job.state !== "completed"));
  return lines;
}

const MEMBERS = 20;
const URGENCY = ["failed", "waiting_approval", "processing", "pending", "blocked", "cancelled", "completed"];

/** What needs a look comes first. */
function urgency(job: { readonly state: string }): number {
  return URGENCY.indexOf(job.state);
}

function batchLines(reply: OneBatch, layout: Layout): string[] {
  const { batch, operation, jobs } = reply;
  const { style, now } = layout;
  const settled = batch.percent / 100;
  const counts = [
    `${batch.completedOperations} done`,
    batch.failedOperations > 0 ? style.red(`${batch.failedOperations} failed`) : "",
    batch.cancelledOperations > 0 ? `${batch.cancelledOperations} cancelled` : "",
    batch.processingOperations > 0 ? `${batch.processingOperations} running` : "",
  ].filter((part) => part !== "");
  const lines = [
    heading(reply, layout),
    ` ${style.cyan(bar(settled, 24))} ${batch.progress.text}  ${counts.join(", ")}`,
    ...pairs(
      [
        ["id", batch.batchId],
        ["now", operation.status === "processing" ? remark(operation, now) : undefined],
        ["by", batch.origin?.principal],
        ["created", at(batch.createdAt, now)],
        ["started", at(batch.startedAt, now)],
        ["ended", at(batch.endedAt, now)],
        ["time", elapsed(operation, now)],
        ["run", batch.run > 1 ? String(batch.run) : undefined],
      ],
      layout,
    ),
  ];
  if (batch.errors.length > 0) {
    lines.push("", ` ${style.red("Errors")}`);
    for (const error of batch.errors.slice(0, MEMBERS)) {
      const text = ` #${error.number} ${printable(error.label ?? "")}: ${printable(error.message)}`;
      lines.push(truncate(text, layout.width));
    }
  }
  if (jobs.length > 0) {
    const first = [...jobs].sort((a, b) => urgency(a) - urgency(b) || a.number - b.number).slice(0, MEMBERS);
    lines.push("", ...jobTable(first, layout));
    const rest = batch.totalOperations - first.length;
    if (rest > 0) lines.push(` ${style.dim(`and ${rest} more`)}`);
  }
  lines.push(verbs(reply, layout, batch.failedOperations + batch.cancelledOperations > 0));
  return lines;
}

/** `jobs 142`: a job, a batch or a request in full. */
export function jobReplyLines(reply: JobReply, layout: Layout): string[] {
  if (reply.kind === "job") return jobLines(reply, layout);
  if (reply.kind === "batch") return batchLines(reply, layout);
  return requestLines(reply.request, layout);
}
