import type { BatchEvent, BatchInfo, JobEvent, JobInfo, StatusReply } from "@brains/shell";
import { expect, test } from "vitest";
import { EMPTY_VIEW, inOrder, reduceWork, type WorkEvent, type WorkView } from "../src/repl/work-view.ts";
import { iso, NOW, operation, request } from "./data.ts";

function jobInfo(more: Partial<JobInfo> & { number: number }): JobInfo {
  return {
    id: `${more.number}-abc`,
    type: "site:build",
    label: `job ${more.number}`,
    state: "processing",
    cancelling: false,
    waitsFor: [],
    run: 1,
    attempt: 1,
    maxAttempts: 3,
    priority: 0,
    data: {},
    createdAt: NOW - 60_000,
    runAt: NOW - 60_000,
    startedAt: NOW - 20_000,
    ...more,
  };
}

function changed(change: JobEvent["change"], job: Partial<JobInfo> & { number: number }): WorkEvent {
  const info = jobInfo(job);
  return {
    type: "work",
    event: { kind: "job", change, cursor: "c", at: NOW, job: info, state: info.state, run: info.run },
  };
}

function batchChanged(change: BatchEvent["change"], more: Partial<BatchInfo>): WorkEvent {
  const batch: BatchInfo = {
    batchId: "9-abc",
    number: 9,
    label: "generate all",
    unit: "sections",
    status: "processing",
    cancelling: false,
    open: false,
    policy: "continue",
    run: 1,
    totalOperations: 12,
    completedOperations: 3,
    failedOperations: 0,
    cancelledOperations: 0,
    processingOperations: 2,
    percent: 25,
    errors: [],
    createdAt: NOW - 60_000,
    startedAt: NOW - 30_000,
    ...more,
  };
  return { type: "work", event: { kind: "batch", change, cursor: "c", at: NOW, batch, run: batch.run } };
}

function looked(more: Partial<StatusReply>, first = false): WorkEvent {
  const status = {
    message: "",
    operations: [],
    requests: [],
    workers: [],
    paused: [],
    cursor: "c",
    more: false,
    ...more,
  };
  return { type: "status", status, first };
}

const reduce = (...events: WorkEvent[]): WorkView => events.reduce(reduceWork, EMPTY_VIEW);
const names = (view: WorkView) => inOrder(view).map((one) => one.number);

test("a started job appears, its progress moves, its end takes it away and tells it once", () => {
  const progress = { current: 3, total: 12, unit: "pages", message: "docs/a.md", at: NOW };
  const running = reduce(changed("started", { number: 1 }), changed("progress", { number: 1, progress }));
  expect(inOrder(running)[0]).toMatchObject({ progress: "3/12 pages (25%)", currentTask: "docs/a.md" });
  const end = changed("ended", { number: 1, state: "completed", endedAt: NOW });
  const ended = reduceWork(running, end);
  expect(names(ended)).toEqual([]);
  expect(ended.ended.map((one) => one.number)).toEqual([1]);
  const told = reduceWork(reduceWork(ended, { type: "told" }), end);
  expect(told.ended).toEqual([]);
});

test("what a look at the status shows as ended is not told a second time", () => {
  const view = reduce(changed("ended", { number: 1, state: "failed", endedAt: NOW }), { type: "told" });
  const again = reduceWork(view, looked({ operations: [operation({ number: 1, status: "failed" })] }));
  expect(again.ended).toEqual([]);
});

test("what ended before the prompt was opened is not told", () => {
  const view = reduce(looked({ operations: [operation({ number: 1, status: "completed" })] }, true));
  expect(view.ended).toEqual([]);
  const later = reduceWork(view, changed("ended", { number: 1, state: "completed", endedAt: NOW }));
  expect(later.ended).toEqual([]);
});

test("a late event of an ended run does not bring it back, a new run does", () => {
  const ended = reduce(
    changed("started", { number: 1 }),
    changed("ended", { number: 1, state: "failed", endedAt: NOW }),
  );
  expect(names(reduceWork(ended, changed("progress", { number: 1 })))).toEqual([]);
  expect(names(reduceWork(ended, changed("rerun", { number: 1, run: 2, state: "pending" })))).toEqual([1]);
});

test("members of a batch are folded into it and say what it is doing", () => {
  const member = {
    number: 10,
    batchId: "9-abc",
    label: "intro",
    progress: { current: 1, message: "composing", at: NOW },
  };
  const view = reduce(batchChanged("progress", {}), changed("started", member), changed("progress", member));
  expect(inOrder(view)).toHaveLength(1);
  expect(inOrder(view)[0]).toMatchObject({
    number: 9,
    progress: "3/12 sections (25%)",
    currentTask: "intro: composing",
  });
  const ended = reduceWork(view, batchChanged("ended", { status: "completed", completedOperations: 12, endedAt: NOW }));
  expect(ended.ended.map((one) => one.label)).toEqual(["generate all"]);
});

test("a question that came up makes the view stale, and a decision takes its card away at once", () => {
  const asked = reduce(looked({}), changed("requested", { number: 16, state: "waiting_approval", request: 17 }));
  expect(asked.stale).toBe(true);
  const shown = reduceWork(
    asked,
    looked({
      requests: [request({ number: 17 })],
      operations: [operation({ number: 16, status: "waiting_approval", requests: [17] })],
    }),
  );
  expect(shown).toMatchObject({ stale: false, requests: [{ number: 17 }] });
  expect(reduceWork(shown, changed("decided", { number: 16, state: "pending" })).requests).toEqual([]);
});

test("what the status no longer lists is dropped, unless it could not list everything", () => {
  const view = reduce(changed("started", { number: 1 }), changed("started", { number: 2 }));
  expect(names(reduceWork(view, looked({ operations: [operation({ number: 2 })] })))).toEqual([2]);
  expect(names(reduceWork(view, looked({ operations: [operation({ number: 2 })], more: true })))).toEqual([1, 2]);
});

test("what needs a person comes first, then what runs, then what waits", () => {
  const view = reduce(
    looked({
      operations: [
        operation({ number: 1, status: "pending" }),
        operation({ number: 2 }),
        operation({ number: 3, status: "waiting_approval", requests: [5] }),
        operation({ number: 4 }),
      ],
    }),
  );
  expect(names(view)).toEqual([3, 2, 4, 1]);
});

test("an estimate from past runs stays between two looks", () => {
  const known = operation({
    number: 1,
    estimateSource: "history (n=14)",
    estimatedCompletion: "in about 20 seconds",
    times: { createdAt: iso(60), estimatedCompletion: iso(-20) },
  });
  const view = reduce(looked({ operations: [known] }), changed("progress", { number: 1 }));
  expect(inOrder(view)[0]).toMatchObject({
    estimateSource: "history (n=14)",
    times: { estimatedCompletion: iso(-20) },
  });
});

test("the reducer never changes the view it was given", () => {
  const view = reduce(changed("started", { number: 1 }));
  const before = structuredClone(view);
  reduceWork(view, changed("ended", { number: 1, state: "completed", endedAt: NOW }));
  reduceWork(view, looked({ operations: [operation({ number: 7 })] }));
  expect(view).toEqual(before);
});
