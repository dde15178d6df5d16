import { defineJob, failJob } from "@brains/plugin";
import type { ProgramEnding } from "@brains/plugin";
import { z } from "zod";
import type { CodeConfig } from "./config.ts";
import { makeRunFolder, readOutcome } from "./run-folder.ts";
import { executeSchema, requestOf, trustOf } from "./request.ts";
import { startReports } from "./reports.ts";
import type { Outcome } from "./runner/outcome.ts";
import { troubleText } from "./runner/trouble.ts";

export const resultSchema = z.object({
  /** The value of the last expression, as JSON. */
  value: z.json().optional(),
  /** A value that is no JSON, or too large, as text. */
  shown: z.string().optional(),
  note: z.string().optional(),
  trust: z.string(),
  ms: z.number(),
});
export type ExecutionResult = z.output<typeof resultSchema>;

/** One execution is one job: never repeated by itself, because nobody knows what the code had already done. */
export function executeJob(config: CodeConfig) {
  return defineJob({
    type: "execute",
    description: "Runs JavaScript or TypeScript in a process of its own",
    input: executeSchema,
    output: resultSchema,
    maxAttempts: 1,
    concurrency: config.concurrency,
    afterCrash: "interrupt",
    async run(execution, job, context) {
      const sandbox = execution.sandbox ?? config.sandbox;
      const folder = await makeRunFolder(job, {
        dataDir: context.dataDir,
        code: execution.code,
        language: execution.language,
      });
      const reports = startReports(job, context);
      try {
        const ending = await job.runProgram(requestOf(execution, sandbox, config, folder));
        return { ...valueOf(await readOutcome(folder.result), ending), trust: trustOf(sandbox), ms: ending.durationMs };
      } finally {
        reports.end();
        await folder.remove();
      }
    },
  });
}
export type ExecuteJob = ReturnType<typeof executeJob>;

/** Throws what ends the job: an error of the code, or an ending that is none of success. */
function valueOf(
  outcome: Outcome | undefined,
  { code, signal }: ProgramEnding,
): Pick<ExecutionResult, "value" | "shown" | "note"> {
  const { error, value, shown, note } = outcome ?? { note: "Its process left no result." };
  const given = { value, shown, note };
  if (error !== undefined) {
    const { name, line, column } = error;
    throw failJob(troubleText(error), { code: "CODE_FAILED", data: { name, line, column, ...given } });
  }
  if (signal !== null)
    throw failJob(`The process of the code was ended by ${signal}.`, {
      code: "CODE_ENDED",
      data: { signal, ...given },
    });
  if (code !== 0)
    throw failJob(`The code ended its process with exit code ${code}.`, {
      code: "CODE_ENDED",
      data: { exitCode: code, ...given },
    });
  return given;
}

/** The first line that says something. */
export function labelOf({ code }: Pick<z.output<typeof executeSchema>, "code">): string {
  const line =
    code
      .split("\n")
      .find((one) => /\w/.test(one))
      ?.trim() ?? "code";
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}
