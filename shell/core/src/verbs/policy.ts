// What the policy says, for persons: of one command, or all of it. The same function decides when a program is to run.
import type { ProgramJudgement, ProgramPolicy, Programs } from "@brains/plugin";
import { z } from "zod";
import type { PolicyReply } from "../replies.ts";
import type { Tool } from "../tool-table.ts";
import { verbTool } from "./verb.ts";

const input = z.object({
  command: z.string().min(1).optional().describe("A program: a name or a path. Without it: all rules"),
  args: z.array(z.string()).default([]).describe("Its arguments"),
  cwd: z.string().min(1).optional().describe("Where it would run. Default: the brain's folder"),
  env: z.array(z.string()).default([]).describe("Names of variables that it would ask for"),
});

export function policyVerb(programs: Programs): Tool {
  return verbTool({
    name: "policy",
    title: "Policy of programs",
    description:
      "Which rule decides about a command, with its risk and why; nothing runs. Without a command: all rules in their order.",
    input,
    role: "viewer",
    audience: "person",
    readOnly: true,
    async run({ command, args, cwd, env }): Promise<{ data: PolicyReply; text: string }> {
      if (command === undefined) {
        const policy = await programs.policy();
        return { data: { kind: "policy", ...policy }, text: policyText(policy) };
      }
      const judgement = await programs.judge({ command, args, cwd, env });
      return { data: { kind: "judgement", ...judgement }, text: judgementText(judgement) };
    },
  });
}

function judgementText({ outcome, rule, risk, reasons, executable, cwd }: ProgramJudgement): string {
  const said = { allow: "It would run at once", approve: "It would wait for a person", deny: "It would be refused" };
  const why = reasons.length === 0 ? "" : `\n  ${reasons.join("\n  ")}`;
  return `${said[outcome]}, by ${rule}; risk ${risk} of 100.\n  ${executable} in ${cwd}${why}`;
}

function policyText({ rules, thresholds, folders }: ProgramPolicy): string {
  const lines = rules.map((rule) => {
    const programs = rule.missing ? "nothing that is here" : (rule.executables?.join(", ") ?? "any program");
    return `${rule.outcome} ${rule.name}: ${programs}`;
  });
  return [...lines, `Risk from ${thresholds.approve}: a person is asked. Folders: ${folders.join(", ")}`].join("\n");
}
