// Whether this process is part of what a job runs. A hurdle and no wall: whoever runs with your rights can write the store itself.
import { readFileSync } from "node:fs";

/** What is asked of the system's processes. */
export interface Ancestry {
  /** Of this process; its own parent's pid. */
  readonly parent: number;
  /** Undefined for what is gone or not shown. */
  read(pid: number, what: "environ" | "cmdline" | "stat"): string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

const MOST_ANCESTORS = 100;
/** Of a process that belongs to a program: its job, and the mark by which it is found. */
const MARKED = /(?:^|\0)BRAINS_(?:JOB|PROCESS)=([^\0]+)/;
/** Process 1 of a program's own namespace, or the watcher of its group. */
const WATCHER = /(?:^|\0)brains-watch-/;

/**
 * The job, or what is known of it; undefined where there is none. A program may clear the variables of what it starts, but not those of its ancestors,
 * nor the first process of its namespace. Without a namespace, what has lost its parent and its variables is not seen.
 */
export function jobAround(env: Env, ancestry: Ancestry = thisProcess): string | undefined {
  const own = env.BRAINS_JOB || env.BRAINS_PROCESS;
  if (own) return own;
  if (WATCHER.test(ancestry.read(1, "cmdline") ?? "")) return "(unnamed)";
  for (let pid = ancestry.parent, left = MOST_ANCESTORS; pid > 0 && left > 0; left--) {
    const [, mark] = MARKED.exec(ancestry.read(pid, "environ") ?? "") ?? [];
    if (mark !== undefined) return mark;
    // pid (name) state ppid: the name may hold anything, also brackets.
    const stat = ancestry.read(pid, "stat") ?? "";
    pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return undefined;
}

const thisProcess: Ancestry = {
  parent: process.ppid,
  read(pid, what) {
    if (process.platform !== "linux") return undefined;
    try {
      return readFileSync(`/proc/${pid}/${what}`, "utf8");
    } catch {
      return undefined;
    }
  },
};
