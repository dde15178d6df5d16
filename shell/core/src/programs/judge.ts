import { resolve } from "node:path";
import type { ProgramJudgement, ProgramSandbox } from "@brains/plugin";
import { judgeCommand } from "./policy/judge.ts";
import { createPolicy } from "./policy/policy.ts";
import type { Policy } from "./policy/policy.ts";
import type { ResolvedProgram } from "./resolve.ts";
import type { ProgramSettings } from "./settings.ts";

/** What the brain's policy says of a program as it would run now. */
export type JudgeProgram = (program: ResolvedProgram) => ProgramJudgement;

export function brainPolicy({ config, brainDir, home, ownFiles, folders, path }: ProgramSettings): Policy {
  return createPolicy({
    rules: config.policy,
    thresholds: config.thresholds,
    brainDir,
    folders,
    protected: [home, ...ownFiles],
    searchPath: path,
  });
}

export function programJudge(policy: Policy): JudgeProgram {
  return ({ executable, request, args, cwd, envNames, kind }) => ({
    ...judgeCommand(policy, {
      executable,
      asked: request.command,
      args,
      cwd,
      env: envNames,
      kind,
      sandbox: request.sandbox?.kind,
      ...wantedOf(request.sandbox, cwd),
    }),
    executable,
    cwd,
  });
}

/** What a sandbox is to be opened for. */
function wantedOf(sandbox: ProgramSandbox | undefined, cwd: string) {
  if (sandbox?.kind !== "bwrap") return {};
  return { write: (sandbox.write ?? []).map((folder) => resolve(cwd, folder)), network: sandbox.network };
}
