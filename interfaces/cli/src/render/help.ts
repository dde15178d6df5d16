import type { CommandSpec } from "../command.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { textWidth } from "../text/width.ts";
import type { Layout } from "./layout.ts";

function columns(rows: readonly (readonly [string, string])[], layout: Layout): string[] {
  const width = Math.max(0, ...rows.map(([left]) => textWidth(left)));
  return rows.map(([left, right]) =>
    `   ${left}${" ".repeat(width - textWidth(left))}  ${layout.style.dim(right)}`.trimEnd(),
  );
}

const GROUPS = ["Work", "Look", "Steer", "Brain"] as const;

const COMMON: readonly (readonly [string, string])[] = [
  ["--json", "one JSON object on stdout, NDJSON when following"],
  ["--config <file>", "this brains.yaml instead of the one found from here"],
  ["--home <dir>", "this home folder"],
  ["--in-process", "run the jobs in this process, without a worker"],
  ["--no-color", "no colours (NO_COLOR works too)"],
  ["--no-input", "never ask a question"],
];

function usage(command: CommandSpec, layout: Layout): string {
  return `${layout.prefix}${command.name}${command.args === undefined ? "" : ` ${command.args}`}`;
}

/** `brains help` */
export function overviewLines(commands: readonly CommandSpec[], version: string, layout: Layout): string[] {
  const { style } = layout;
  const lines = [
    ` ${style.bold("brains")} ${version}   every long operation is a background job that you can leave and come back to`,
    "",
    ` ${style.bold("Examples")}`,
    ...columns(
      [
        ["brains", "open the prompt"],
        ["brains tools", "what can be done"],
        ["brains run generate-all", "start it and get the prompt back"],
        ["brains status", "see what runs"],
        ["brains wait 12", "wait for #12; the exit code tells how it ended"],
      ],
      layout,
    ),
  ];
  for (const group of GROUPS) {
    const members = commands.filter((command) => command.group === group);
    lines.push("", ` ${style.bold(group)}`);
    lines.push(
      ...columns(
        members.map((command) => [usage(command, { ...layout, prefix: "brains " }).slice(7), command.summary]),
        layout,
      ),
    );
  }
  lines.push("", ` ${style.bold("With every command")}`, ...columns(COMMON, layout));
  lines.push("", ` ${style.dim("brains help <command>   brains help exit-codes   brains --version")}`);
  lines.push(` ${style.dim("An id is a number (142 or #142), a whole id, or a unique beginning of one.")}`);
  return lines;
}

/** `brains help jobs`, `brains jobs --help`: examples first. */
export function commandLines(command: CommandSpec, layout: Layout): string[] {
  const { style } = layout;
  const lines = [` ${command.summary}`, "", ` ${style.bold("Examples")}`];
  lines.push(...command.examples.map((example) => `   ${layout.prefix}${example}`));
  lines.push("", ` ${style.bold("Usage")}`, `   ${usage(command, layout)}`);
  if (command.options !== undefined && command.options.length > 0) {
    lines.push("", ` ${style.bold("Options")}`, ...columns(command.options, layout));
  }
  if (layout.prefix !== "/") lines.push("", ` ${style.bold("With every command")}`, ...columns(COMMON, layout));
  return lines;
}

export function exitCodeLines(layout: Layout): string[] {
  const rows = Object.entries(EXIT_CODES)
    .map(([code, meaning]) => [Number(code), meaning] as const)
    .sort(([a], [b]) => a - b)
    .map(([code, meaning]) => [String(code).padStart(3), meaning] as const);
  return [
    ` ${layout.style.bold("Exit codes")}`,
    ...columns(rows, layout),
    "",
    ` ${layout.style.dim("Of several jobs the first of 9 1 8 7 6 4 5 that applies.")}`,
  ];
}

/** `/help` at the prompt. */
export function promptHelpLines(commands: readonly CommandSpec[], layout: Layout): string[] {
  const { style } = layout;
  const verbs = commands.filter((command) => command.prompt);
  return [
    ` ${style.bold("Type a tool's name to run it:")} generate --page landing   ${style.dim("/tools lists them, Tab completes")}`,
    ...columns(
      [
        ...verbs.map((command) => [usage(command, layout), command.summary] as const),
        ["/quit", "leave; jobs keep running"],
      ],
      layout,
    ),
    ` ${style.bold("Keys")}`,
    ...columns(
      [
        ["Up Down  Ctrl+R", "history, search in it"],
        ["Tab", "complete verbs, tools, fields and ids"],
        ["Ctrl+A", "focus the open question, then press the letter of an answer"],
        ["Ctrl+C", "clear the line or leave following; twice quits"],
      ],
      layout,
    ),
  ];
}
