import { defineJob, failJob } from "@brains/plugin";
import { z } from "zod";
import type { CommandErrorCode } from "./errors.ts";
import { requestOf, runSchema } from "./input.ts";

const resultSchema = z.object({
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  durationMs: z.number(),
  outputBytes: z.number(),
  /** The end of the output. */
  tail: z.string(),
});

/** One command. It is tried once: what it did before it failed or its worker died nobody here knows, so only a person runs it again. */
export function runJob(concurrency: number) {
  return defineJob({
    type: "run",
    description: "Runs a command",
    input: runSchema.omit({ timeout: true }),
    output: resultSchema,
    concurrency,
    maxAttempts: 1,
    afterCrash: "interrupt",
    async run(input, job) {
      const { code, signal, durationMs, outputBytes, tail } = await job.runProgram(requestOf(input));
      const data = { exitCode: code, signal, durationMs, outputBytes, tail };
      if (signal !== null) throw failure("EXIT_SIGNAL", `was ended by ${signal}`, data);
      if (code !== 0) throw failure("EXIT_CODE", `exited with ${code}`, data);
      return data;
    },
  });
}

function failure(code: CommandErrorCode, message: string, data: z.output<typeof resultSchema>): Error {
  return failJob(message, { code, data });
}
