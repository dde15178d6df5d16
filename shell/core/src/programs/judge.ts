import { join, resolve } from "node:path";
import type { ProgramJudgement, ProgramSandbox } from "@brains/plugin";
import { judgeCommand } from "./policy/judge.ts";
import { isInside } from "./policy/places.ts";
import { createPolicy } from "./policy/policy.ts";
import type { Policy } from "./policy/policy.ts";
import type { ResolvedProgram } from "./resolve.ts";
import type { ProgramSettings } from "./settings.ts";

/** What the brain's policy says of a program as it would run now. */
export type JudgeProgram = (program: ResolvedProgram) => ProgramJudgement;

export function brainPolicy({ config, brainDir, home, folders, path }: ProgramSettings): Policy {
  return createPolicy({
    rules: config.policy,
    thresholds: config.thresholds,
    brainDir,
    folders,
    protected: [home, join(brainDir, "brains.yaml")],
    searchPath: path,
  });
}

export function programJudge(policy: Policy, { home }: ProgramSettings): JudgeProgram {
  return ({ executable, request, args, cwd, envNames, kind }) => ({
    ...judgeCommand(policy, {
      executable,
      asked: request.command,
      args,
      cwd,
      env: envNames,
      kind,
      sandbox: request.sandbox?.kind,
      ...wantedOf(request.sandbox, cwd, home),
    }),
    executable,
    cwd,
  });
}

/** What a sandbox is to be opened for. A plugin's own folder in the home is no matter of the policy. */
function wantedOf(sandbox: ProgramSandbox | undefined, cwd: string, home: string) {
  if (sandbox?.kind !== "bwrap") return {};
  const write = (sandbox.write ?? []).map((folder) => resolve(cwd, folder));
  const data = join(home, "data");
  return { write: write.filter((folder) => !isInside(folder, data)), network: sandbox.network };
}
