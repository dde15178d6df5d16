// Programs of plugins' jobs: judged by the brain's policy, approved by a person where that asks for it, run in a process tree of their own.
import type { JobContext, ProgramEnding, ProgramJudgement, ProgramRequest } from "@brains/plugin";
import { BrainsError } from "../errors.ts";

export interface BrainPrograms {
  judge(request: ProgramRequest): Promise<ProgramJudgement>;
  run(request: ProgramRequest, job: JobContext): Promise<ProgramEnding>;
}

export function createPrograms(): BrainPrograms {
  const refuse = () => Promise.reject(new BrainsError("NOT_YET", "Programs cannot run yet."));
  return { judge: refuse, run: refuse };
}
