import type { ProgramRequest } from "@brains/plugin";
import { z } from "zod";

/** A day: longer work is better cut into jobs. */
const MAX_SECONDS = 86_400;
const MAX_ARGUMENTS = 1000;
/** What the system takes as one argument (128 KiB on Linux), less a little. */
const MAX_TEXT = 100_000;

const text = z.string().max(MAX_TEXT);

export const commandSchema = z.object({
  command: text
    .min(1)
    .describe("The program: a name (git) or a path. Not a command line: every argument stands alone in `args`"),
  args: z
    .array(text)
    .max(MAX_ARGUMENTS)
    .default([])
    .describe("Its arguments, each as it is: no shell reads them, so no quotes, globs, pipes or $VARIABLES"),
  cwd: text.min(1).optional().describe("Folder to run in, from the brain's folder on. Default: the brain's folder"),
  env: z
    .array(z.string().min(1).max(200))
    .max(100)
    .default([])
    .describe(
      "Names of variables it needs besides the usual ones. Their values stand in the config; `allowed` lists the names",
    ),
});

export const runSchema = commandSchema.extend({
  stdin: z
    .string()
    .max(1_000_000)
    .optional()
    .describe("Its whole input. Default: open, for what is sent to the job with shell:send"),
  timeout: z
    .number()
    .positive()
    .max(MAX_SECONDS)
    .optional()
    .describe("Seconds it may run, up to 86400. Waiting for a person does not count. Default 3600"),
  description: z
    .string()
    .trim()
    .min(1)
    .max(2000)
    .optional()
    .describe("Why it is to run, always give it: shown to the person who is asked"),
  requesterMaySendInput: z
    .boolean()
    .default(false)
    .describe("You will send it input: the person who approves it then approves that as well"),
});
export type RunInput = z.output<typeof runSchema>;

export function requestOf(input: Omit<RunInput, "timeout">): ProgramRequest {
  const { command, args, cwd, env, stdin, description, requesterMaySendInput } = input;
  return { command, args, cwd, env, stdin, description, requesterMaySendInput, kind: "command" };
}
