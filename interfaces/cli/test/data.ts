// Plain data for tests of rendering; times are counted from one fixed moment.
import type { JobView, Operation, RequestView } from "@brains/shell";
import type { Layout } from "../src/render/layout.ts";
import { createStyle } from "../src/text/style.ts";

export const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
export const iso = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

export function plain(more: Partial<Layout> = {}): Layout {
  return { width: 100, style: createStyle(false), now: NOW, prefix: "brains ", ...more };
}

export function operation(more: Partial<Operation> & { number: number }): Operation {
  return {
    kind: "job",
    id: `${more.number}-abc`,
    label: `job ${more.number}`,
    status: "processing",
    cancelling: false,
    run: 1,
    requests: [],
    waitsFor: [],
    counts: {},
    ...more,
    times: { createdAt: iso(60), startedAt: iso(22), ...more.times },
  };
}

export function request(more: Partial<RequestView> & { number: number }): RequestView {
  return {
    id: `${more.number}-req`,
    jobId: "16-abc",
    jobNumber: 16,
    jobType: "site:publish",
    run: 1,
    name: "publish",
    question: "Publish the new pages?",
    choices: ["approve", "reject"],
    state: "open",
    createdAt: iso(120),
    asked: "2 minutes ago",
    ...more,
  };
}

export function job(more: Partial<JobView> & { number: number }): JobView {
  return {
    id: `${more.number}-abc`,
    type: "site:build",
    state: "completed",
    cancelling: false,
    waitsFor: [],
    run: 1,
    attempt: 1,
    maxAttempts: 3,
    priority: 0,
    createdAt: iso(60),
    runAt: iso(60),
    ...more,
  };
}
