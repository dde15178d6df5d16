import { mkdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Logger } from "@brains/plugin";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface BrainLogOptions {
  readonly file: string;
  /** Default "info". */
  readonly level?: LogLevel | undefined;
  /** A file over this size is put aside as `<file>.1` when the log is opened. Default 10 MB. */
  readonly maxBytes?: number | undefined;
}

/** The brain's log: one JSON object per line. Nothing is imported or opened before the first line that is due. */
export function openBrainLog({ file, level = "info", maxBytes = 10_000_000 }: BrainLogOptions): Logger {
  let pino: import("pino").Logger | undefined;
  const open = () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (sizeOf(file) > maxBytes) renameSync(file, `${file}.1`);
    const create = createRequire(import.meta.url)("pino") as typeof import("pino");
    // Synchronous, so that the last lines before a crash are there.
    const destination = create.destination({ dest: file, sync: true, append: true, mode: 0o600 });
    return create({ level, base: { pid: process.pid }, timestamp: create.stdTimeFunctions.isoTime }, destination);
  };
  const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];
  const write = (at: LogLevel) => (message: string, data?: object) => {
    if (order.indexOf(at) < order.indexOf(level)) return;
    pino ??= open();
    pino[at](data ?? {}, message);
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

export const NO_LOG: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
