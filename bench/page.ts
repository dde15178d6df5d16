import { CONTENDERS } from "./contenders/index.ts";
import { type Report, labelOf, markdown, tableOf, verdict } from "./report.ts";
import type { Outcome } from "./rounds.ts";

export const PAGE = "docs/performance.md";

const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";
const BAR = 40;

/** The page with its figures replaced; the words around them are written by hand. */
export function withFigures(page: string, report: Report): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from === -1 || to < from) throw new Error(`${PAGE} has no place for figures: it needs "${BEGIN}" and "${END}".`);
  return `${page.slice(0, from)}${BEGIN}\n\n${figures(report)}\n${page.slice(to)}`;
}

function figures(report: Report): string {
  const { machine, effort } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const taking = CONTENDERS.filter(({ name }) => report.absent[name] === undefined);
  const settings = taking.map(({ label, settings: words }) => `- ${label}: ${words}.`);
  const absent = Object.entries(report.absent).map(([name, why]) => `- Absent: ${labelOf(name)}, because ${why}.`);
  return [
    `Measured on ${report.at}: ${machine.processors} × ${machine.processor}, ${machine.memory}, ${machine.system}, ${machine.fileSystem}; Node ${machine.node}, ${versions.join(", ")}. Load when it began: ${machine.load}. Medians of up to ${effort.rounds} interleaved rounds of about ${effort.seconds} s each.`,
    [...settings, ...absent].join("\n"),
    ...report.outcomes.map(section),
  ].join("\n\n");
}

function section(outcome: Outcome): string {
  const { benchmark, missing } = outcome;
  const found = verdict(outcome);
  const failed = [...missing.keys()].map((variant) => `${labelOf(variant)} failed in this run.`);
  return [
    `### ${benchmark.title}`,
    benchmark.description,
    markdown(tableOf(outcome)).trimEnd(),
    ...chart(outcome),
    ...(found === undefined ? [] : [found]),
    ...failed,
  ].join("\n\n");
}

/** The first figure as bars, where there is something to compare. */
function chart({ benchmark, medians }: Outcome): string[] {
  const [key] = Object.keys(benchmark.figures) as [string];
  const values = [...medians].map(([variant, figure]) => [labelOf(variant), figure[key] ?? NaN] as const);
  if (values.length < 2) return [];
  const most = Math.max(...values.map(([, value]) => value).filter((value) => !Number.isNaN(value)));
  const width = Math.max(...values.map(([label]) => label.length));
  const lines = values.map(([label, value]) => {
    const length = Number.isNaN(value) ? 0 : Math.max(1, Math.round((value / most) * BAR));
    return `${label.padEnd(width)}  ${"█".repeat(length)}`;
  });
  return [["```text", ...lines, "```"].join("\n")];
}
