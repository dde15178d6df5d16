import type { ChildProcess } from "node:child_process";
import { ProcessError } from "./errors.ts";
import { Input } from "./input.ts";
import { Output, type Sinks } from "./output/output.ts";
import { Redactor } from "./output/redact.ts";
import type { Ending, Program, StopOptions } from "./program.ts";
import { DEFAULT_DRAIN_MS, DEFAULT_GRACE_MS, type ProgramSpec } from "./spec.ts";
import { KILLED_WORDS, type Tier } from "./system/launch.ts";
import type { Lifeline } from "./system/lifeline.ts";
import { systemTable } from "./system/process-table.ts";
import { Stopper, type Stopped } from "./system/stop.ts";
import type { Tree } from "./system/tree.ts";

interface Setting {
  readonly spec: ProgramSpec;
  readonly sinks: Sinks;
  readonly child: ChildProcess;
  readonly lifeline: Lifeline;
  readonly tree: Tree;
  readonly tier: Tier;
  readonly mark: string;
}

/** Why and how the leader ended. */
type Exit = Pick<Ending, "code" | "signal" | "cause" | "reason">;

export class RunningProgram implements Program {
  readonly pid: number;
  readonly mark: string;
  readonly tier: Tier;
  readonly ended: Promise<Ending>;
  readonly #setting: Setting;
  readonly #output: Output;
  readonly #input: Input;
  readonly #stopper: Stopper;
  readonly #grace: number;
  readonly #startedAt = performance.now();
  #exited = false;
  #cause: Ending["cause"] = "itself";
  #reason: string | undefined;

  constructor(setting: Setting) {
    const { spec, child, lifeline, tree, tier, mark, sinks } = setting;
    this.#setting = setting;
    this.pid = child.pid ?? 0;
    this.mark = mark;
    this.tier = tier;
    this.#grace = spec.grace ?? DEFAULT_GRACE_MS;
    this.#input = new Input(child.stdin ?? undefined);
    this.#stopper = new Stopper({ tree, lifeline, table: systemTable, tier });
    this.#output = new Output({
      child,
      sinks,
      redactor: new Redactor(spec.secrets),
      killBytes: spec.killBytes ?? Infinity,
      tooMuch: () => void this.#stop("output", 0),
      // Without a place for its output the program is not run on.
      failed: () => void this.#stop("stopped", this.#grace, "its output could not be kept"),
    });
    const exit = new Promise<Exit>((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exited = true;
        resolve({ code, signal, cause: this.#cause, reason: this.#reason });
      });
    });
    this.ended = this.#end(exit);
    // Who never looks at `ended` is not to fall over it.
    this.ended.catch(() => undefined);
  }

  write(text: string | Uint8Array): Promise<boolean> {
    return this.#input.write(text);
  }

  endInput(): void {
    this.#input.end();
  }

  note(text: string): void {
    this.#output.note(text);
  }

  stop({ grace, reason }: StopOptions = {}): Promise<Stopped> {
    return this.#stop("stopped", grace ?? this.#grace, reason);
  }

  #stop(cause: Ending["cause"], grace: number, reason?: string): Promise<Stopped> {
    if (!this.#exited && !this.#stopper.begun) {
      this.#cause = cause;
      this.#reason = reason;
    }
    return this.#stopper.stop(grace);
  }

  async #end(exit: Promise<Exit>): Promise<Ending> {
    const { spec, lifeline } = this.#setting;
    const timer =
      spec.timeout === undefined ? undefined : setTimeout(() => void this.#stop("timeout", this.#grace), spec.timeout);
    const how = await exit;
    clearTimeout(timer);
    this.#input.close();
    try {
      const stopped = await this.#clear(spec.drain ?? DEFAULT_DRAIN_MS);
      const outputCut = await this.#output.drain();
      await lifeline.over();
      if (this.#output.failure) throw this.#output.failure.error;
      const ms = performance.now() - this.#startedAt;
      return { ...how, ...this.#asOfProgram(how), stopped, outputBytes: this.#output.bytes, outputCut, ms };
    } finally {
      // Also when the processes could not be looked at, as where files are short.
      lifeline.cut();
    }
  }

  /** The program has ended; ends what it left behind, after its output had time to come. */
  async #clear(drain: number): Promise<Stopped | undefined> {
    if (!this.#stopper.begun) await this.#output.closed(drain);
    if (this.#stopper.begun) return this.#stopper.stop(this.#grace);
    const behind = this.#setting.tree.look().some(({ helper }) => !helper);
    return behind ? this.#stopper.stop(drain) : undefined;
  }

  /** In a namespace the leader is `unshare`, which ends as the program did, with two exceptions. */
  #asOfProgram({ code, signal }: Exit): Pick<Ending, "code" | "signal"> {
    const words = this.#setting.lifeline.words.trim();
    if (this.tier === "group" || code === null || code === 0 || words === "") return { code, signal };
    if (words.includes(KILLED_WORDS)) return { code: null, signal: "SIGKILL" };
    throw new ProcessError("PROGRAM_NOT_STARTED", `${this.#setting.spec.file} could not be started: ${words}`);
  }
}
