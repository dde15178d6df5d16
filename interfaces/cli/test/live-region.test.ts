import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_CARD, showRequests } from "../src/repl/card.ts";
import { EMPTY_EDITOR, insertText } from "../src/repl/editor.ts";
import { liveRegion, type LiveState } from "../src/repl/live-region.ts";
import { EMPTY_VIEW, reduceWork, type WorkView } from "../src/repl/work-view.ts";
import { createStyle } from "../src/text/style.ts";
import { textWidth } from "../src/text/width.ts";
import type { Operation, RequestView } from "@brains/shell";
import { iso, NOW, operation, plain, request } from "./data.ts";

function viewOf(operations: Operation[], requests: RequestView[] = []): WorkView {
  const status = { message: "", operations, requests, workers: [], paused: [], cursor: "c", more: false };
  return reduceWork(EMPTY_VIEW, { type: "status", status, first: true });
}

function state(more: Partial<LiveState> = {}): LiveState {
  return {
    view: EMPTY_VIEW,
    card: NO_CARD,
    editor: EMPTY_EDITOR,
    history: [],
    rows: 24,
    hint: undefined,
    following: 0,
    ...more,
  };
}

const generating = operation({
  number: 141,
  kind: "batch",
  label: "generate all",
  progress: "6/12 sections (50%)",
  currentTask: "landing:hero",
  estimateSource: "rate",
  counts: { percent: 50 },
  times: { createdAt: iso(70), startedAt: iso(70), estimatedCompletion: iso(-75) },
});
const building = operation({
  number: 142,
  label: "build site",
  currentTask: "412 pages",
  estimateSource: "history (n=14)",
  times: { createdAt: iso(22), startedAt: iso(22), estimatedCompletion: iso(-18) },
});
const promoting = operation({
  number: 143,
  label: "promote all",
  status: "blocked",
  waitsFor: [142],
  times: { createdAt: iso(10), startedAt: undefined },
});
const asking = operation({ number: 140, label: "publish", status: "waiting_approval", requests: [17] });

test("running work has bars, what waits is one line, the input stays below", () => {
  const region = liveRegion(state({ view: viewOf([generating, building, promoting]) }), plain({ prefix: "/" }));
  expect(region.lines).toEqual([
    "─".repeat(60),
    " ● #141 generate all    ████████░░░░░░░░  6/12 sections (50%)  landing:hero  1m10s  ~1m15s left",
    " ● #142 build site      412 pages  22s  usually 40s (n=14)",
    " ○ 1 waiting: #143 promote all after #142",
    " > ",
    " /help   Tab completes   Ctrl+C twice quits",
  ]);
  expect(region.cursor).toEqual({ x: 3, y: 4 });
});

test("an open question has its card above the bars", () => {
  const requests = [request({ number: 17, jobId: asking.id })];
  const view = viewOf([asking, building], requests);
  const region = liveRegion(state({ view, card: showRequests(NO_CARD, requests, NOW) }), plain({ prefix: "/" }));
  expect(region.lines.slice(1, 5)).toEqual([
    " ! #17 Publish the new pages?",
    "     asked 2 minutes ago by #16 site:publish",
    "     [a]pprove  [r]eject   Ctrl+A to answer",
    " ● #142 build site      412 pages  22s  usually 40s (n=14)",
  ]);
});

test("what does not fit is counted", () => {
  const many = Array.from({ length: 50 }, (_, index) => operation({ number: index + 1 }));
  const region = liveRegion(state({ view: viewOf(many) }), plain({ prefix: "/" }));
  expect(region.lines).toContain(" +47 more   /status shows all");
});

test("with nothing to show there is only the input", () => {
  expect(liveRegion(state(), plain()).lines).toHaveLength(2);
});

test("the region never takes more than 12 rows, leaves two rows free, and no line is wider than the terminal", () => {
  const one = fc.record({
    number: fc.integer({ min: 1, max: 9999 }),
    label: fc.string({ unit: "grapheme", maxLength: 60 }),
    currentTask: fc.string({ unit: "grapheme", maxLength: 80 }),
    progress: fc.option(fc.constant("123/456 sections (27%)"), { nil: undefined }),
    status: fc.constantFrom<Operation["status"]>("processing", "pending", "blocked", "waiting_approval"),
    percent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  });
  const asked = fc.record({ number: fc.integer({ min: 1, max: 99 }), details: fc.string({ maxLength: 400 }) });
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 40 }),
      fc.array(asked, { maxLength: 3 }),
      fc.integer({ min: 4, max: 60 }),
      fc.integer({ min: 20, max: 200 }),
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.boolean(),
      (work, questions, rows, width, typed, colour) => {
        const operations = work.map(({ percent, ...rest }) =>
          operation({ ...rest, id: `${rest.number}-x`, counts: { percent } }),
        );
        const requests = questions.map(({ number, details }) => request({ number, details }));
        const region = liveRegion(
          state({
            view: viewOf(operations, requests),
            card: showRequests(NO_CARD, requests, NOW),
            editor: insertText(EMPTY_EDITOR, typed),
            rows,
          }),
          plain({ width, style: createStyle(colour), prefix: "/" }),
        );
        expect(region.lines.length).toBeLessThanOrEqual(12);
        expect(region.lines.length).toBeLessThan(Math.max(rows - 2, 2));
        const widths = region.lines.map((line) => textWidth(stripVTControlCharacters(line)));
        expect(Math.max(...widths)).toBeLessThanOrEqual(width);
        expect(region.cursor?.y ?? 0).toBeLessThan(region.lines.length);
      },
    ),
  );
});
