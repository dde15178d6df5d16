import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Processes } from "./ports.ts";

const END_LIMIT_MS = 5_000;
const LOOK_MS = 5;

export const systemProcesses: Processes = {
  startOf,
  async end(pid, start) {
    if (pid === process.pid || startOf(pid) !== start) return false;
    try {
      // Nothing milder reaches a process that is stopped or spins.
      process.kill(pid, "SIGKILL");
    } catch {
      return startOf(pid) !== start;
    }
    const deadline = performance.now() + END_LIMIT_MS;
    while (startOf(pid) === start) {
      if (performance.now() > deadline) return false;
      await pause(LOOK_MS);
    }
    return true;
  },
};

function startOf(pid: number): string | undefined {
  try {
    return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
  } catch {
    return undefined;
  }
}

/** Ticks since the machine began, with the name of that beginning: pid and ticks may come again after it began anew. */
function startOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name in brackets, which may contain anything.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Dead, and only not yet asked after by its parent.
  if (state === "Z" || state === "X") return undefined;
  return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()}:${rest[18]}`;
}

function startByPs(pid: number): string | undefined {
  if (process.platform === "win32") return undefined;
  const told = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
  const [, state = "", start] = /^\s*(\S+)\s+(.+?)\s*$/.exec(told) ?? [];
  return state.startsWith("Z") ? undefined : start;
}
