import type { DoctorFinding, DoctorReport, SalvageReport } from "../app-port.ts";
import { printable } from "../text/printable.ts";
import type { Tone } from "../text/style.ts";
import { wrap } from "../text/width.ts";
import type { Layout } from "./layout.ts";

const TONES: Readonly<Record<DoctorFinding["level"], Tone>> = { ok: "green", warn: "yellow", error: "red" };
const MARGIN = "        ";

/** A line for everything that was looked at; below what is not in order, what to do. */
export function doctorLines(report: DoctorReport, layout: Layout): string[] {
  const { findings, store } = report;
  const column = Math.max(...findings.map(({ check }) => check.length));
  const width = Math.min(layout.width, 120) - MARGIN.length - column - 2;
  const lines = findings.flatMap(({ check, level, message, next }) => {
    const tone = layout.style[TONES[level]];
    const [first = "", ...more] = wrap(printable(message), width);
    const indent = `${MARGIN}${" ".repeat(column)}  `;
    return [
      ` ${tone(level.padEnd(5))}  ${check.padEnd(column)}  ${first}`,
      ...more.map((line) => `${indent}${line}`),
      ...(next === undefined || level === "ok"
        ? []
        : wrap(printable(next), width - 2).map((line) => `${indent}${layout.style.dim(line)}`)),
    ];
  });
  return [
    ...(store === undefined ? [] : [` ${layout.style.bold(printable(store))}`]),
    ...lines,
    ` ${verdict(findings)}`,
  ];
}

function verdict(findings: readonly DoctorFinding[]): string {
  const count = (level: DoctorFinding["level"]) => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count("error"), count("warn")];
  if (errors + warnings === 0) return "All is in order.";
  return [
    errors === 0 ? "" : `${errors} ${errors === 1 ? "error" : "errors"}`,
    warnings === 0 ? "" : `${warnings} ${warnings === 1 ? "warning" : "warnings"}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

const MOST = 20;
const numbers = (all: readonly number[]): string =>
  `${all
    .slice(0, MOST)
    .map((number) => `#${number}`)
    .join(", ")}${all.length > MOST ? ` and ${all.length - MOST} more` : ""}`;

export function salvagedLines(report: SalvageReport, layout: Layout): string[] {
  const { path, jobs, batches, lost, requeued, damaged, unreadable } = report;
  const tables = Object.entries(unreadable).map(([table, keys]) => `${table} (${keys})`);
  const remarks = [
    requeued === 0 ? "" : `${requeued} that ran or asked start anew`,
    lost.length === 0 ? "" : `not readable, so not in it: ${numbers(lost)}`,
    damaged.length === 0
      ? ""
      : `not what was stored: ${damaged
          .map(({ id, what }) => `${what} of #${id}`)
          .slice(0, MOST)
          .join(", ")}`,
    tables.length === 0 ? "" : `keys that could not be read: ${tables.join(", ")}`,
  ].filter((remark) => remark !== "");
  return [
    ` ${layout.style.green("salvaged")} ${printable(path)}  ${jobs} ${jobs === 1 ? "job" : "jobs"}, ${batches} ${batches === 1 ? "batch" : "batches"}`,
    ...remarks.map((remark) => `   ${printable(remark)}`),
    ` ${layout.style.dim("The damaged store was not changed. Move it away and put the new one in its place.")}`,
  ];
}
