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
}

/** `folder` is made if none is given; the storm's files and what its processes leave behind are in it. */
export function openCrew(seed: number, folder = mkdtempSync(join(tmpdir(), "storm-"))) {
  const chance = seeded(seed);
  const members: Member[] = [];
  let changed = () => undefined as void;
  const ledger = (name: string) => {
    writeFileSync(join(folder, name), "", { flag: "a" });
    return openLedger(join(folder, name));
  };
  const isGone = ({ process }: Member) => process.exitCode !== null || process.signalCode !== null;

  return {
    folder,
    path: join(folder, "storm.db"),
    chance,
    /** A whole number from `from` up to and without `to`. */
    between: (from: number, to: number) => from + Math.floor(chance() * (to - from)),
    members,
    isGone,
    acknowledged: ledger("acknowledged"),
    ran: ledger("ran"),
    start(role: Role, { setting = {}, env = {}, flags = [] }: StartOptions = {}): Member {
      const child: Member = {
        role,
        done: 0,
        startedAt: monotonic(),
        process: fork(
          join(import.meta.dirname, SCRIPTS[role]),
          [JSON.stringify({ folder, durability: "process", ...setting })],
          {
            execArgv: [...flags],
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
      child.process.on("exit", () => changed());
      members.push(child);
      return child;
    },
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          changed = resolve;
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
      for (const { process } of members) process.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
