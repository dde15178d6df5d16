import { realpathSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { type Environment, checkEnvironment } from "./environment.ts";
import { ProcessError } from "./errors.ts";
import { executableAt } from "./executable.ts";
import type { Secrets } from "./output/redact.ts";
import type { Tier } from "./system/launch.ts";

export interface ProgramSpec {
  /** Absolute, as `resolveExecutable` gives it. There is never a shell in between. */
  readonly file: string;
  readonly args?: readonly string[] | undefined;
  /** Absolute. Symlinks in it are resolved before the start, and PWD is set to it. */
  readonly cwd: string;
  /** Everything the program gets, e.g. from `environmentFrom`. */
  readonly env: Environment;
  /** What holds the program: `(await probeTiers()).active`. Default: `group`. */
  readonly tier?: Tier | undefined;
  /** `open`: it reads what is written to it; `none` (default): its input is at an end from the start. */
  readonly input?: "open" | "none" | undefined;
  /** `together`: stdout and stderr are one pipe, so their order is exact, and all of it is called stdout. Default: `apart`. */
  readonly output?: "apart" | "together" | undefined;
  /** Values that are masked in everything that leaves this package. */
  readonly secrets?: Secrets | undefined;
  /** Stop after this many milliseconds. */
  readonly timeout?: number | undefined;
  /** Stop after this many bytes of output. */
  readonly killBytes?: number | undefined;
  /** Milliseconds between TERM and KILL, unless `stop` says otherwise. Default: 5000. */
  readonly grace?: number | undefined;
  /** Milliseconds that output may still come when the program itself has ended. Default: 1000. */
  readonly drain?: number | undefined;
  /** Store it before the start, and `sweep(mark)` finds what outlived a killed worker. Default: a random one. */
  readonly mark?: string | undefined;
}

export const DEFAULT_GRACE_MS = 5_000;
export const DEFAULT_DRAIN_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The spec with its folder resolved. Throws INVALID_PROGRAM, INVALID_ENVIRONMENT or PROGRAM_NOT_FOUND for what cannot be started. */
export function checkSpec(spec: ProgramSpec): { readonly cwd: string; readonly env: Environment } {
  if (process.platform === "win32") throw new ProcessError("PLATFORM_NOT_SUPPORTED");
  if (!isAbsolute(spec.file)) throw invalid(`The file ${JSON.stringify(spec.file)} is not an absolute path.`);
  if (!executableAt(spec.file)) {
    throw new ProcessError("PROGRAM_NOT_FOUND", `${JSON.stringify(spec.file)} is not a file that may be executed.`);
  }
  for (const argument of spec.args ?? []) {
    if (typeof argument !== "string" || argument.includes("\0"))
      throw invalid("An argument is not a text without NUL.");
  }
  for (const name of ["timeout", "killBytes", "grace", "drain"] as const) {
    const value = spec[name];
    if (value !== undefined && !(value >= 0 && value <= (name === "killBytes" ? Infinity : LONGEST_TIMER_MS))) {
      throw invalid(`${name} is ${value}; it is a number from 0 to ${LONGEST_TIMER_MS}.`);
    }
  }
  if (spec.mark !== undefined && !/^[\w-]{16,64}$/.test(spec.mark)) {
    throw invalid("A mark is 16 to 64 letters, digits, - and _.");
  }
  const cwd = folderAt(spec.cwd);
  return { cwd, env: { ...checkEnvironment(spec.env), PWD: cwd } };
}

function folderAt(path: string): string {
  try {
    const real = realpathSync(path);
    if (isAbsolute(path) && statSync(real).isDirectory()) return real;
  } catch {}
  throw invalid(`The working folder ${JSON.stringify(path)} is not the absolute path of a folder.`);
}

function invalid(message: string): ProcessError {
  return new ProcessError("INVALID_PROGRAM", message);
}
