// A policy over a made-up machine: what is where is said by the test, so that no rule depends on what this machine has.
import { basename, normalize } from "node:path";
import { policySchema, thresholdsSchema } from "../../src/programs/policy/schema.ts";
import { createPolicy } from "../../src/programs/policy/policy.ts";
import type { Policy } from "../../src/programs/policy/policy.ts";
import { judgeCommand } from "../../src/programs/policy/judge.ts";
import type { Judgement, ResolvedCommand } from "../../src/programs/policy/judge.ts";

const NAMES =
  "ls cat head tail wc grep stat du pwd date uname echo git find sort tar sed awk env nohup timeout nice sudo xargs rm cp node perl ruby sh bash dash make npm ssh rg man sleep";
/** Symlinks of the machine: path → real path. Everything else is what it says. */
const LINKS: Record<string, string> = {
  "/usr/bin/sh": "/usr/bin/dash",
  "/usr/bin/python3": "/usr/bin/python3.12",
  "/brain/out": "/etc",
  "/brain/harmless": "/usr/bin/dash",
  "/multi/ls": "/multi/box",
  "/multi/rm": "/multi/box",
};

function real(path: string): string {
  for (const [link, target] of Object.entries(LINKS))
    if (path === link || path.startsWith(`${link}/`)) return target + path.slice(link.length);
  return path;
}

export const FILES = new Set([
  ...NAMES.split(" ").map((name) => `/usr/bin/${name}`),
  ...Object.keys(LINKS),
  ...Object.values(LINKS),
]);

export function policyOf(rules: unknown = [], thresholds?: unknown): Policy {
  return createPolicy({
    rules: policySchema.parse(rules),
    thresholds: thresholdsSchema.parse(thresholds),
    brainDir: "/brain",
    folders: ["/brain", "/tmp"],
    protected: ["/brain/.brains", "/brain/brains.yaml"],
    searchPath: "/usr/bin",
    system: {
      findExecutable(name) {
        const path = name.includes("/") ? normalize(name) : `/usr/bin/${name}`;
        return FILES.has(path) ? real(path) : undefined;
      },
      realPlace: (path) => real(normalize(path).replace(/\/$/, "")) || "/",
    },
  });
}

export function commandOf(
  asked: string,
  args: readonly string[] = [],
  more: Partial<ResolvedCommand> = {},
): ResolvedCommand {
  const path = asked.includes("/") ? asked : `/usr/bin/${basename(asked)}`;
  return { asked, executable: real(path), args, cwd: "/brain", env: [], kind: "command", ...more };
}

/** What the policy of these rules says of a command. */
export function judge(
  rules: unknown,
  asked: string,
  args: readonly string[] = [],
  more: Partial<ResolvedCommand> = {},
): Judgement {
  return judgeCommand(policyOf(rules), commandOf(asked, args, more));
}
