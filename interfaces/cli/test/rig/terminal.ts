// A terminal for tests: what is written to it is drawn on a real terminal's screen model, what is typed into it arrives as from a keyboard.
import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";
import { expect, onTestFinished } from "vitest";
import { runCli } from "../../src/index.ts";
import type { TestBrain } from "./brain.ts";

class Screen extends Writable {
  readonly isTTY = true;
  readonly #terminal: xterm.Terminal;
  readonly rows: number;
  readonly columns: number;
  raw = "";
  constructor(terminal: xterm.Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.rows = terminal.rows;
    this.columns = terminal.cols;
  }
  override _write(chunk: string | Buffer, _: string, done: () => void): void {
    this.raw += chunk.toString();
    this.#terminal.write(chunk.toString(), done);
  }
}

/** What Node's keyboard stream has besides a stream: raw mode and references. */
class Keyboard extends PassThrough {
  readonly isTTY = true;
  isRaw = false;
  setRawMode(raw: boolean): this {
    this.isRaw = raw;
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

export interface TestTerminal {
  /** Type as fast as a keyboard can: one key per event. */
  type(keys: string): void;
  /** Everything on the screen and above it, without empty lines at the end. */
  text(): string;
  /** The line that the cursor is on. */
  inputLine(): string;
  /** Wait until the screen shows it. */
  shows(text: string | RegExp): Promise<void>;
  /** Bytes written so far. */
  raw(): string;
  readonly keyboard: Keyboard;
  readonly code: Promise<number>;
}

export const KEY = {
  enter: "\r",
  tab: "\t",
  up: "\u001B[A",
  left: "\u001B[D",
  escape: "\u001B",
  focus: "\u0001",
  interrupt: "\u0003",
  end: "\u0004",
  search: "\u0012",
} as const;

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export function openTerminal(
  brain: TestBrain,
  argv: readonly string[] = [],
  options: TerminalOptions = {},
): TestTerminal {
  const terminal = new xterm.Terminal({
    cols: options.columns ?? 100,
    rows: options.rows ?? 30,
    scrollback: 5000,
    allowProposedApi: true,
    convertEol: true,
  });
  const screen = new Screen(terminal);
  const keyboard = new Keyboard();
  const env = { TERM: "xterm-256color", ...options.env };
  const code = runCli({
    argv,
    stdin: keyboard,
    stdout: screen,
    stderr: screen,
    env,
    cwd: "/",
    app: brain.app,
  });
  onTestFinished(async () => {
    // Whatever is typed, focused or followed, so many leave; and nothing is written any more when the brain's folder goes.
    for (let press = 0; press < 6; press++) keyboard.write(KEY.interrupt);
    await code;
    terminal.dispose();
  });
  const lines = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
  };
  const text = () => lines().join("\n").trimEnd();
  return {
    keyboard,
    code,
    text,
    type: (keys) => void keyboard.write(keys),
    inputLine: () =>
      terminal.buffer.active
        .getLine(terminal.buffer.active.baseY + terminal.buffer.active.cursorY)
        ?.translateToString(true)
        .trimEnd() ?? "",
    raw: () => screen.raw,
    async shows(wanted) {
      const matching: unknown =
        typeof wanted === "string" ? expect.stringContaining(wanted) : expect.stringMatching(wanted);
      await expect.poll(text, { timeout: 10_000, interval: 10 }).toEqual(matching);
    },
  };
}
