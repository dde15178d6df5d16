import type { Layout } from "./render/layout.ts";
import { createStyle, wantsColour } from "./text/style.ts";

/** Where a command's results and messages go. */
export interface Output {
  /** One JSON object instead of lines. */
  readonly json: boolean;
  /** Questions may be asked: stdin and stderr are terminals and `--no-input` was not given. */
  readonly interactive: boolean;
  /** How waiting shows what happens: bars redrawn on a terminal's stderr, a line there per change, or nothing because something else shows it. */
  readonly progress: "bars" | "lines" | "none";
  /** Layout for results, measured now. */
  layout(): Layout;
  /** Layout for messages on stderr. */
  noteLayout(): Layout;
  /** The result: with --json `{ v: 1, type, data, next? }`, else the lines. */
  show(type: string, data: unknown, lines: (layout: Layout) => readonly string[], next?: string): void;
  /** Something to tell the person, on stderr. With --json it stays there. */
  note(lines: readonly string[]): void;
  /** Raw text on stderr, for a line that is redrawn. */
  redraw(text: string): void;
}

export interface OutputOptions {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  /** False for --no-color. */
  readonly color: boolean | undefined;
  /** False for --no-input. */
  readonly input: boolean | undefined;
}

export function isTerminal(stream: NodeJS.ReadableStream | NodeJS.WritableStream): boolean {
  return (stream as { isTTY?: boolean }).isTTY === true;
}

/** Whether the prompt can be drawn and redrawn; elsewhere there are plain lines. */
export function canDraw(
  { stdin, stdout }: Pick<OutputOptions, "stdin" | "stdout">,
  env: OutputOptions["env"],
): boolean {
  return isTerminal(stdin) && isTerminal(stdout) && env.TERM !== "dumb";
}

function columns(stream: NodeJS.WritableStream): number {
  if (!isTerminal(stream)) return Number.POSITIVE_INFINITY;
  const width = (stream as { columns?: number }).columns ?? 80;
  return Math.max(20, width);
}

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, env } = options;
  const layoutOf = (stream: NodeJS.WritableStream): Layout => ({
    width: columns(stream),
    style: createStyle(wantsColour(env, isTerminal(stream), options.color)),
    now: Date.now(),
    prefix: "brains ",
  });
  return {
    json: options.json,
    interactive: options.input !== false && isTerminal(options.stdin) && isTerminal(stderr) && (env.CI ?? "") === "",
    progress: options.json ? "none" : isTerminal(stderr) && env.TERM !== "dumb" ? "bars" : "lines",
    layout: () => layoutOf(stdout),
    noteLayout: () => layoutOf(stderr),
    show(type, data, lines, next) {
      if (options.json) stdout.write(`${jsonLine(type, data, next)}\n`);
      else for (const line of lines(layoutOf(stdout))) stdout.write(`${line}\n`);
    },
    note(lines) {
      for (const line of lines) stderr.write(`${line}\n`);
    },
    redraw(text) {
      stderr.write(text);
    },
  };
}

/** The one shape of machine-readable output. Bidirectional and other invisible characters are escaped, so that it is safe to look at. */
export function jsonLine(type: string, data: unknown, next?: string): string {
  const text = JSON.stringify({ v: 1, type, data: data ?? null, ...(next === undefined ? {} : { next }) });
  return text.replace(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
