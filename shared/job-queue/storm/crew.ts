// The processes of a storm, its folder and its chance.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonic, seeded } from "./figures.ts";
import { openLedger } from "./ledger.ts";
import type { CrewSetting } from "./setting.ts";

const SCRIPTS = { worker: "worker.ts", producer: "producer.ts", front: "front.ts" } as const;
export type Role = keyof typeof SCRIPTS;

export interface Member {
  readonly role: Role;
  readonly process: ChildProcess;
  readonly startedAt: number;
  /** What it has done since it was started, by its own count. */
  done: number;
}

export type Crew = ReturnType<typeof openCrew>;

export interface StartOptions {
  readonly setting?: Partial<CrewSetting>;
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  /** What it says when it dies is not wanted. */
  readonly quiet?: boolean;
}

export interface CrewOptions {
  /** Of the store; beside the ledgers by default. */
  readonly path?: string;
}

/** Ledgers and what the processes leave behind are in a folder of their own. */
export function openCrew(seed: number, options: CrewOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "storm-"));
  const { path = join(folder, "storm.db") } = options;
  const chance = seeded(seed);
  const members: Member[] = [];
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const look of waiting) look();
    waiting.clear();
  };
  const ledger = (name: string) => {
    writeFileSync(join(folder, name), "", { flag: "a" });
    return openLedger(join(folder, name));
  };
  // Those that are stopped would outlive a storm that is broken off.
  const clear = () => {
    for (const member of members) member.process.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", clear);
  const isGone = ({ process }: Member) => process.exitCode !== null || process.signalCode !== null;

  return {
    folder,
    path,
    chance,
    /** A whole number from `from` up to and without `to`. */
    between: (from: number, to: number) => from + Math.floor(chance() * (to - from)),
    members,
    isGone,
    acknowledged: ledger("acknowledged"),
    ran: ledger("ran"),
    start(role: Role, { setting = {}, env = {}, flags = [], quiet = false }: StartOptions = {}): Member {
      const child: Member = {
        role,
        done: 0,
        startedAt: monotonic(),
        process: fork(
          join(import.meta.dirname, SCRIPTS[role]),
          [JSON.stringify({ folder, path, durability: "process", ...setting })],
          {
            execArgv: [...flags],
            stdio: ["ignore", "inherit", quiet ? "ignore" : "inherit", "ipc"],
            // What crashes leaves its remains here.
            cwd: folder,
            env: { ...process.env, ...env },
          },
        ),
      };
      child.process.on("message", (told) => {
        if (typeof told === "number") child.done = told;
        changed();
      });
      child.process.on("exit", changed);
      members.push(child);
      return child;
    },
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
    },
    async kill(member: Member): Promise<void> {
      members.splice(members.indexOf(member), 1);
      if (isGone(member)) return;
      const gone = once(member.process, "exit");
      member.process.kill("SIGKILL");
      await gone;
    },
    /** Asks it to end in order, and waits until it has. */
    async end(member: Member): Promise<void> {
      members.splice(members.indexOf(member), 1);
      if (isGone(member)) return;
      const gone = once(member.process, "exit");
      member.process.send("stop");
      await gone;
    },
    dispose(): void {
      process.off("exit", clear);
      clear();
    },
  };
}
