import { expect, test } from "vitest";
import { jobAround, type Ancestry } from "../src/inside-job.ts";

/** Processes by pid: environment, command line, parent. */
const processes = (
  all: Readonly<Record<number, { environ?: string; cmdline?: string; parent: number }>>,
): Ancestry => ({
  parent: 12,
  read: (pid, what) => (what === "stat" ? `${pid} (a) (b) S ${all[pid]?.parent ?? 0} 1 1` : all[pid]?.[what]),
});
const plain = { environ: "PATH=/bin\0HOME=/root", cmdline: "bash" };

test("a terminal is in no job, and a variable says so where there is one", () => {
  const terminal = processes({ 12: { ...plain, parent: 1 }, 1: { cmdline: "init", parent: 0 } });
  expect(jobAround({}, terminal)).toBeUndefined();
  expect(jobAround({ BRAINS_JOB: "" }, terminal)).toBeUndefined();
  expect(jobAround({ BRAINS_JOB: "4-x" }, terminal)).toBe("4-x");
  expect(jobAround({ BRAINS_PROCESS: "mark" }, terminal)).toBe("mark");
});

test("who cleared its variables is known by its ancestors' and by the watcher of its namespace", () => {
  const cleared = { environ: "TERM=xterm", cmdline: "script", parent: 11 };
  const grandchild = processes({ 12: cleared, 11: { environ: "A=b\0BRAINS_JOB=4-x", parent: 1 } });
  expect(jobAround({}, grandchild)).toBe("4-x");
  const orphan = processes({ 12: { ...cleared, parent: 1 }, 1: { cmdline: "sh\0-c\0…\0brains-watch-77", parent: 0 } });
  expect(jobAround({}, orphan)).toBeDefined();
  const lookAlike = processes({ 12: { environ: "NOT_BRAINS_JOB=1\0X=BRAINS_JOB=2", parent: 1 } });
  expect(jobAround({}, lookAlike)).toBeUndefined();
});
