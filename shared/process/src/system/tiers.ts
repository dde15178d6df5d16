import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { executableAt } from "../executable.ts";
import { LIFELINE_FD, SHELL, type Tier, UNSHARE, launchOf } from "./launch.ts";

export interface TierState {
  readonly tier: Tier;
  readonly works: boolean;
  /** A sentence for the person who runs `doctor`. */
  readonly why: string;
}

export interface Tiers {
  /** The strongest tier that works and was not ruled out. */
  readonly active: Tier;
  /** All of them, the strongest first. */
  readonly states: readonly TierState[];
}

export interface ProbeOptions {
  /** Whether a user namespace may be made for it. Inside one, programs that change the user (sudo, ping of old) do not work. */
  readonly userNamespace?: boolean | undefined;
}

const PROBE_LIMIT_MS = 5_000;
// The program must not be process 1, must see the new /proc, and may use its own stderr.
const PROBE = 'test "$$" -ne 1 && test "$(readlink /proc/self/ns/pid)" != "" && test -d "/proc/$$" && echo fine';

/** Tries every tier with a real program and says which is the best, and why not a better one. */
export async function probeTiers({ userNamespace = false }: ProbeOptions = {}): Promise<Tiers> {
  const namespace = await probe("namespace");
  const user: TierState = userNamespace
    ? await probe("user-namespace")
    : { tier: "user-namespace", works: false, why: "Not tried: it has to be allowed in the configuration." };
  const group: TierState = {
    tier: "group",
    works: true,
    why: "A session of its own and a watcher; what leaves the group is looked for by a mark in its environment.",
  };
  const active = namespace.works ? "namespace" : userNamespace && user.works ? "user-namespace" : "group";
  return { active, states: [namespace, user, group] };
}

async function probe(tier: Tier): Promise<TierState> {
  if (process.platform !== "linux") return { tier, works: false, why: "Only Linux has PID namespaces." };
  if (!executableAt(UNSHARE)) return { tier, works: false, why: `${UNSHARE} is not installed (package util-linux).` };
  const program = { file: SHELL, args: ["-c", PROBE] };
  const { file, args } = launchOf(tier, randomBytes(16).toString("hex"), "apart", program);
  let lifeline: Duplex | null | undefined;
  // By the lifeline, which ends the whole namespace, and not by a signal to one of its processes.
  const limit = setTimeout(() => lifeline?.destroy(), PROBE_LIMIT_MS);
  try {
    const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"], env: {}, cwd: "/" });
    const ended = new Promise((resolve, reject) => void child.once("exit", resolve).once("error", reject));
    if (child.pid === undefined) await ended;
    lifeline = child.stdio[LIFELINE_FD] as Duplex | null;
    const said = Promise.all([child.stdout, child.stderr, lifeline].map((it) => text(it as NodeJS.ReadableStream)));
    await ended;
    setImmediate(() => lifeline?.end());
    const [out = "", ...errors] = await said;
    if (out === "fine\n")
      return { tier, works: true, why: "The kernel ends every process of a program with its watcher." };
    return { tier, works: false, why: `unshare says: ${errors.join("").trim().split("\n")[0] || "nothing"}` };
  } catch (error) {
    return { tier, works: false, why: `It cannot be tried: ${(error as Error).message}` };
  } finally {
    clearTimeout(limit);
    lifeline?.destroy();
  }
}
