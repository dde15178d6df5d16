import { type Aim, type Benchmark, type Figure, type Medians, ratio } from "./benchmark.ts";
import { CONTENDERS } from "./contenders/index.ts";
import type { Machine } from "./machine.ts";
import type { Effort, Outcome } from "./rounds.ts";

/** Everything that one run found. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly effort: Effort;
  /** Of the peers and servers that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why a contender took no part at all. */
  readonly absent: Readonly<Record<string, string>>;
  readonly outcomes: readonly Outcome[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const labelOf = (variant: string): string => CONTENDERS.find((each) => each.name === variant)?.label ?? variant;

/** Ratios first: each line beside the baseline, then this queue beside the line. */
export function tableOf({ benchmark, medians }: Outcome): Table {
  const figures = Object.entries(benchmark.figures);
  const values = (variant: string): string[] =>
    figures.map(([key, figure]) => formatted(medians.get(variant)?.[key] ?? NaN, figure));
  const labels = figures.map(([, figure]) => figure.label);
  const variants = [...medians.keys()];
  if (benchmark.contest) {
    const base = medians.has("raw") ? "raw" : "queue";
    return {
      head: ["", base === "raw" ? "× raw" : "× this queue", "this queue is", ...labels],
      rows: variants.map((variant) => [
        labelOf(variant),
        times(ratio(benchmark, medians, variant, base)),
        variant === "queue" ? "" : `${times(ratio(benchmark, medians, "queue", variant))} ×`,
        ...values(variant),
      ]),
    };
  }
  if (variants.length === 1) return { head: labels, rows: variants.map(values) };
  const first = variants[0] as string;
  return {
    head: ["", `× ${first}`, ...labels],
    rows: variants.map((variant) => [variant, times(ratio(benchmark, medians, variant, first)), ...values(variant)]),
  };
}

/** "Target: ≥ 0.7 × raw reached (0.74); ≥ 3 × BullMQ on Redis not measured." Undefined where there is none. */
export function verdict({ benchmark, medians }: Outcome): string | undefined {
  if (!benchmark.aims || medians.size === 0) return undefined;
  const parts = benchmark.aims.map(({ words, value, reached }) => {
    const found = value(medians);
    if (Number.isNaN(found)) return `${words} not measured`;
    return `${words} ${reached(found) ? "reached" : "NOT reached"} (${formatted(found, { unit: "" })})`;
  });
  return `Target: ${parts.join("; ")}.`;
}

/** As `--json` writes it. */
export function toJson(report: Report): unknown {
  return {
    v: 1,
    at: report.at,
    machine: report.machine,
    effort: report.effort,
    versions: report.versions,
    absent: report.absent,
    benchmarks: report.outcomes.map(({ benchmark, medians, rounds, counts, missing }) => ({
      name: benchmark.name,
      title: benchmark.title,
      description: benchmark.description,
      figures: benchmark.figures,
      aims: benchmark.aims?.map((aim) => judged(aim, medians)),
      variants: [...medians].map(([variant, figures]) => ({
        variant,
        label: labelOf(variant),
        settings: CONTENDERS.find((each) => each.name === variant)?.settings,
        operations: counts.get(variant),
        medians: figures,
        rounds: rounds.get(variant),
        ratios: ratios(benchmark, medians, variant),
      })),
      missing: Object.fromEntries(missing),
    })),
  };
}

function judged({ words, value, reached }: Aim, medians: Medians): unknown {
  const found = value(medians);
  return Number.isNaN(found) ? { words, measured: false } : { words, value: found, reached: reached(found) };
}

/** First figure beside that of everybody else; above 1 is better. */
function ratios(benchmark: Benchmark, medians: Medians, variant: string): Record<string, number> {
  const others = [...medians.keys()].filter((other) => other !== variant);
  return Object.fromEntries(others.map((other) => [other, ratio(benchmark, medians, variant, other)]));
}

function formatted(value: number, { unit }: Pick<Figure, "unit">): string {
  if (Number.isNaN(value)) return "–";
  if (unit === "/s" || Math.abs(value) >= 1_000) return grouped(Math.round(value));
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

const times = (value: number): string => (Number.isNaN(value) ? "–" : value.toFixed(value < 10 ? 2 : 1));

const grouped = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, " ");

/** For a terminal: columns aligned, numbers to the right. */
export function plain({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 && rows.length > 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("   ");
  return all.map((row) => `  ${line(row).trimEnd()}\n`).join("");
}

export function markdown({ head, rows }: Table): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |\n`;
  const rule = head.map((_, at) => (at === 0 && rows.length > 1 ? "---" : "---:"));
  return [head, rule, ...rows].map(line).join("");
}
