import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

/** One process, told apart from a later one of the same pid by when it began (in ticks or milliseconds: compare, do not convert). */
export interface Identity {
  readonly pid: number;
  readonly start: number;
}

export interface Entry extends Identity {
  readonly parent: number;
  readonly group: number;
  /** 0 where the system does not say. */
  readonly session: number;
  /** Ended, and only not yet asked after by its parent. */
  readonly ended: boolean;
}

/** The processes of this machine as the system shows them. */
export interface ProcessTable {
  all(): Entry[];
  find(pid: number): Entry | undefined;
  /** The words of the command line; empty when it is gone or kept secret. */
  commandLine(pid: number): string;
  /** `NAME=value` with a NUL after each, as it was given at the start; undefined when it is gone or kept secret. */
  environment(pid: number): Buffer | undefined;
  /** False where `environment` never answers. */
  readonly showsEnvironment: boolean;
}

export const linuxTable: ProcessTable = {
  showsEnvironment: true,
  all: () =>
    readdirSync("/proc").flatMap((name) => {
      const pid = Number(name);
      return Number.isInteger(pid) ? (linuxTable.find(pid) ?? []) : [];
    }),
  find(pid) {
    const stat = read(`/proc/${pid}/stat`)?.toString("latin1");
    if (stat === undefined) return undefined;
    // The second field is the program's name in brackets, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", parent, group, session] = fields;
    return {
      pid,
      start: Number(fields[19]),
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      ended: state === "Z" || state === "X",
    };
  },
  commandLine: (pid) => read(`/proc/${pid}/cmdline`)?.toString("utf8").replaceAll("\0", " ") ?? "",
  environment: (pid) => read(`/proc/${pid}/environ`),
};

/** For other systems. Start times are whole seconds here, and environments are not shown. */
export const psTable: ProcessTable = {
  showsEnvironment: false,
  all: () =>
    ps("-ax")
      .split("\n")
      .flatMap((line) => parsePs(line) ?? []),
  find: (pid) => parsePs(ps("-p", String(pid))),
  commandLine(pid) {
    try {
      return run("-ww", "-o", "args=", "-p", String(pid)).trim();
    } catch {
      return "";
    }
  },
  environment: () => undefined,
};

export const systemTable: ProcessTable = process.platform === "linux" ? linuxTable : psTable;

/** Sends a signal to exactly this process. False when it is gone, or is not ours to signal. */
export function signalExactly(table: ProcessTable, { pid, start }: Identity, signal: NodeJS.Signals): boolean {
  const found = table.find(pid);
  if (found === undefined || found.ended || found.start !== start) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function run(...args: string[]): string {
  return execFileSync("/bin/ps", args, { encoding: "utf8", timeout: 5_000, env: { LC_ALL: "C" } });
}

function ps(...which: string[]): string {
  try {
    return run("-o", "pid=,ppid=,pgid=,stat=,lstart=", ...which);
  } catch {
    // No such process.
    return "";
  }
}

function parsePs(line: string): Entry | undefined {
  const [, pid, parent, group, state = "", start = ""] =
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
  if (pid === undefined) return undefined;
  return {
    pid: Number(pid),
    start: Date.parse(start),
    parent: Number(parent),
    group: Number(group),
    session: 0,
    ended: state.startsWith("Z"),
  };
}
