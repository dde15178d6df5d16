import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { MARK_NAME } from "./environment.ts";
import { ProcessError } from "./errors.ts";
import type { Sinks } from "./output/output.ts";
import { RunningProgram } from "./running.ts";
import { type ProgramSpec, checkSpec } from "./spec.ts";
import { LIFELINE_FD, type Tier, launchOf } from "./system/launch.ts";
import { Lifeline } from "./system/lifeline.ts";
import { systemTable } from "./system/process-table.ts";
import type { Stopped } from "./system/stop.ts";
import { Tree } from "./system/tree.ts";

export interface Ending {
  /** As the program gave it; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `itself`, or what was in the way of that: its time was up, it wrote more than `killBytes`, or `stop` was called. */
  readonly cause: "itself" | "timeout" | "output" | "stopped";
  /** As given to `stop`. */
  readonly reason: string | undefined;
  /** What else was ended: by a stop, or because the program had left it behind. */
  readonly stopped: Stopped | undefined;
  /** Bytes the program wrote, as far as they were read. */
  readonly outputBytes: number;
  /** True when somebody unseen still held the output and it was not waited for. */
  readonly outputCut: boolean;
  readonly ms: number;
}

export interface StopOptions {
  /** Milliseconds between TERM and KILL; 0 kills at once. A later call can shorten it. */
  readonly grace?: number | undefined;
  readonly reason?: string | undefined;
}

export interface Program {
  /** Of the leader of its group. For show: signals go through `stop`. */
  readonly pid: number;
  readonly mark: string;
  readonly tier: Tier;
  /** Resolves when the program and all that it started is gone and its output has reached the sink. Rejects when the sink failed. */
  readonly ended: Promise<Ending>;
  /** In the order of the calls. True when the system took it for the program, false when the program does not read any more. */
  write(text: string | Uint8Array): Promise<boolean>;
  /** After what was written, the program reads the end of its input. */
  endInput(): void;
  /** A line of ours among the output, redacted like it. */
  note(text: string): void;
  stop(options?: StopOptions): Promise<Stopped>;
}

/** A mark for `ProgramSpec.mark`. */
export function newMark(): string {
  return randomBytes(16).toString("hex");
}

/** Starts a program. Rejects when it cannot be started; how it ends is told by `ended`. */
export async function startProgram(spec: ProgramSpec, sinks: Sinks): Promise<Program> {
  const { cwd, env } = checkSpec(spec);
  const tier = spec.tier ?? "group";
  const mark = spec.mark ?? newMark();
  const launch = launchOf(tier, mark, spec.output ?? "apart", { file: spec.file, args: spec.args ?? [] });
  // A program inside a program is found by the mark of either.
  const outer = process.env[MARK_NAME];
  let lifeline: Lifeline | undefined;
  try {
    const child = spawn(launch.file, launch.args, {
      cwd,
      env: { ...env, ...(outer !== undefined && { [MARK_NAME]: outer }) },
      detached: true,
      stdio: [spec.input === "open" ? "pipe" : "ignore", "pipe", "pipe", "pipe"],
    });
    // Read before the loop turns: until then even a program that has ended keeps its number.
    const leader = child.pid === undefined ? undefined : systemTable.find(child.pid);
    // Without a listener an error would end this process, and where files are short there are no pipes to look at.
    child.on("error", () => undefined);
    const spawned = once(child, "spawn");
    if (child.pid !== undefined) lifeline = new Lifeline(child.stdio[LIFELINE_FD] as Duplex);
    await spawned;
    if (!leader || !lifeline) throw new Error("the system does not show the process");
    const tree = new Tree({ table: systemTable, leader, mark, tier });
    return new RunningProgram({ spec, sinks, child, lifeline, tree, tier, mark });
  } catch (cause) {
    lifeline?.cut();
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new ProcessError("PROGRAM_NOT_STARTED", `${spec.file} could not be started: ${said}`, { cause });
  }
}
