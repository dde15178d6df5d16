import type { Operation } from "@brains/shell";
import { printable } from "../text/printable.ts";
import { duration } from "../text/time.ts";
import type { Layout } from "./layout.ts";
import { reasonText, stateCell } from "./state.ts";
import { table } from "./table.ts";

export function isActive(operation: { readonly status: string }): boolean {
  return !["completed", "failed", "cancelled"].includes(operation.status);
}

/** A batch whose member waits for a person, or a job that does. */
export function needsDecision(operation: Operation): boolean {
  return operation.requests.length > 0 || operation.status === "waiting_approval";
}

export function remaining(operation: Operation, now: number): string {
  const at = operation.times.estimatedCompletion;
  if (at === undefined || operation.status !== "processing") return "";
  const left = Date.parse(at) - now;
  if (!Number.isFinite(left)) return "";
  const source = /n=(\d+)/.exec(operation.estimateSource ?? "");
  const started = operation.times.startedAt;
  // The first moments say little about the rate.
  if (source === null && started !== undefined && now - Date.parse(started) < 2000) return "";
  if (source !== null && started !== undefined) {
    return `usually ${duration(Date.parse(at) - Date.parse(started))} (n=${source[1]})`;
  }
  return left <= 0 ? "any moment" : `~${duration(left)} left`;
}

export function elapsed(operation: Operation, now: number): string {
  const { startedAt, endedAt, elapsed: given } = operation.times;
  if (startedAt === undefined) return "";
  const start = Date.parse(startedAt);
  if (endedAt !== undefined) return duration(Date.parse(endedAt) - start);
  if (!isActive(operation)) return given === undefined ? "" : duration(given);
  return duration(now - start);
}

/** The one most useful remark about an operation: what it needs, why it stands still, what went wrong, what it is doing. */
export function remark(operation: Operation, now: number, prefix = "brains "): string {
  if (operation.requests.length > 0)
    return `asks: ${operation.requests.map((number) => `${prefix}approve ${number}`).join(", ")}`;
  if (operation.status === "failed") return operation.error ?? operation.errors?.[0]?.message ?? "";
  if (operation.status === "cancelled")
    return operation.error ?? reasonText({ state: "cancelled", reason: operation.reason });
  if (operation.note !== undefined) return operation.note;
  if (operation.waitsFor.length > 0 && operation.status !== "processing") {
    return `waits for ${operation.waitsFor.map((number) => `#${number}`).join(", ")}`;
  }
  const parts = [operation.status === "processing" ? operation.currentTask : undefined, remaining(operation, now)];
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

/** The name of an operation on a line: its label, or its type. */
export function nameOf(operation: { readonly label?: string | undefined; readonly type?: string | undefined }): string {
  return printable(operation.label ?? operation.type ?? "");
}

export function operationTable(operations: readonly Operation[], layout: Layout): string[] {
  return table(
    operations,
    [
      { title: "ID", cell: (row) => `#${row.number}`, align: "right" },
      {
        title: "STATE",
        cell: (row) =>
          isActive(row) && needsDecision(row)
            ? { text: "needs you", tone: "yellow" }
            : stateCell({ state: row.status, reason: row.reason, cancelling: row.cancelling }),
      },
      { title: "WHAT", cell: nameOf, min: 12 },
      { title: "PROGRESS", cell: (row) => row.progress ?? "", min: 8, drop: 1 },
      { title: "TIME", cell: (row) => elapsed(row, layout.now), align: "right", drop: 2 },
      { title: "NOTE", cell: (row) => ({ text: remark(row, layout.now, layout.prefix), tone: "dim" }), min: 8 },
    ],
    layout,
  );
}
