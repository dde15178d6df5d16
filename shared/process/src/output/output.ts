import type { ChildProcess } from "node:child_process";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { StatedProgress } from "./progress.ts";
import { type OutputPiece, Pump } from "./pump.ts";
import type { Redactor } from "./redact.ts";

const LOOK_MS = 10;
const QUIET_MS = 100;
/** What pipes and buffers hold at most when the program has ended. More than that comes from somebody who still writes. */
const STILL_IN_PIPES = 4 * 1024 * 1024;

export interface Sinks {
  /** Called with everything the program writes and with notes, in order of arrival. Until what it returns is done, that stream is not read. */
  output(piece: OutputPiece): void | Promise<void>;
  /** Called with what the program states itself. */
  progress?(stated: StatedProgress): void;
  /** Called when the program states that it waits for input, and when it states that it no longer does. */
  waiting?(waits: boolean): void;
}

export interface OutputSetting {
  readonly child: ChildProcess;
  readonly redactor: Redactor;
  readonly sinks: Sinks;
  readonly killBytes: number;
  /** The program wrote more than `killBytes`. */
  readonly tooMuch: () => void;
  /** The sink threw. It is not called again. */
  readonly failed: () => void;
}

/** Both streams of a program and our notes, on their way to one sink. */
export class Output {
  readonly #setting: OutputSetting;
  readonly #pumps: readonly Pump[];
  #failure: { readonly error: unknown } | undefined;

  constructor(setting: OutputSetting) {
    this.#setting = setting;
    this.#pumps = [this.#pump("stdout"), this.#pump("stderr")];
  }

  get bytes(): number {
    return this.#pumps.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Why the sink failed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  note(text: string): void {
    const bytes = Buffer.from(this.#setting.redactor.text(text), "utf8");
    this.#guard(() => this.#setting.sinks.output({ stream: "note", at: Date.now(), bytes }));
  }

  /** Resolves when nobody writes any more, or after so many milliseconds. */
  async closed(limit: number): Promise<void> {
    const closed = Promise.all(this.#pumps.map((pump) => pump.closed));
    await Promise.race([closed, pause(limit, undefined, { ref: false })]);
  }

  /** Everybody known is gone: takes what is still on its way. True when somebody unknown still holds a pipe and was not waited for. */
  async drain(): Promise<boolean> {
    const limit = this.bytes + STILL_IN_PIPES;
    const quiet = () => this.#pumps.every((pump) => pump.quiet > QUIET_MS);
    const open = () => this.#pumps.some(({ quiet }) => quiet !== Infinity);
    await nextTurn();
    for (let over = false; open() && !over;) {
      await this.closed(LOOK_MS);
      over = this.bytes > limit;
      if (over || !quiet()) continue;
      // Quiet may be this process having been busy: it is given a chance to read.
      await nextTurn();
      await nextTurn();
      over = quiet();
    }
    const cut = open();
    if (cut) for (const pump of this.#pumps) pump.cut();
    await Promise.all(this.#pumps.map(({ done }) => done));
    return cut;
  }

  #pump(stream: "stdout" | "stderr"): Pump {
    const { child, redactor, sinks } = this.#setting;
    const source = child[stream];
    if (!source) throw new Error(`the program has no ${stream}`);
    return new Pump(source, {
      stream,
      redactor,
      allow: (bytes) => this.#allow(bytes),
      output: (piece) => (this.#failure ? undefined : sinks.output(piece)),
      progress: (stated) => this.#guard(() => sinks.progress?.(stated)),
      waiting: (waits) => this.#guard(() => sinks.waiting?.(waits)),
      failed: (error) => this.#fail(error),
    });
  }

  #allow(bytes: number): number {
    if (this.#failure) return 0;
    const left = Math.max(0, this.#setting.killBytes - (this.bytes - bytes));
    if (bytes > left) this.#setting.tooMuch();
    return Math.min(bytes, left);
  }

  #guard(call: () => void | Promise<void>): void {
    try {
      void call()?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.#setting.failed();
  }
}
