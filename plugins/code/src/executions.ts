// Executions as the shell lists them: jobs of one type.
import type { PluginContext } from "@brains/plugin";
import { z } from "zod";
import { CodeError } from "./errors.ts";

const TYPE = "code:execute";
const ACTIVE = ["pending", "blocked", "waiting_approval", "processing"] as const;

/** As it is shown anywhere: `#142`, `142`, the long id or its beginning. */
export const refSchema = z
  .union([
    z.number().int().positive(),
    z
      .string()
      .trim()
      .min(1)
      .max(200)
      .transform((text) => (/^#?\d+$/.test(text) ? Number(text.replace("#", "")) : text)),
  ])
  .describe("As it is shown: #142, 142, or the long id");
export const refsSchema = z.union([z.array(refSchema).min(1).max(100), refSchema.transform((ref) => [ref])]);

const jobSchema = z.looseObject({
  id: z.string(),
  number: z.number(),
  type: z.string(),
  state: z.string(),
  reason: z.string().optional(),
  label: z.string().optional(),
  waitingFor: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  withheld: z.boolean().optional(),
});
type Job = z.output<typeof jobSchema>;

export type Found = ReturnType<typeof lineOf>;

function lineOf({ id, number, label, state, reason, waitingFor, startedAt, endedAt }: Job) {
  return { id: id as string | number, number, code: label, state, reason, waitingFor, startedAt, endedAt };
}

export async function executionsPage(
  context: PluginContext,
  page: { limit: number; cursor?: string | undefined },
  state?: readonly string[],
): Promise<{ executions: Found[]; next: string | undefined }> {
  const given = await context.callTool("shell:jobs", { type: TYPE, state, ...page });
  const { jobs, next } = z.object({ jobs: z.array(jobSchema), next: z.string().optional() }).parse(given);
  return { executions: jobs.map(lineOf), next };
}

export async function activeExecutions(context: PluginContext): Promise<Found[]> {
  return (await executionsPage(context, { limit: 1000 }, ACTIVE)).executions;
}

/** Throws NO_EXECUTION, and what the shell throws of an id that nothing has. */
export async function executionOf(
  context: PluginContext,
  ref: string | number,
): Promise<Found & { readonly job: Job }> {
  const { job } = z.object({ job: jobSchema.optional() }).parse(await context.callTool("shell:job", { id: ref }));
  if (job?.type !== TYPE)
    throw new CodeError(
      "NO_EXECUTION",
      `${typeof ref === "number" ? `#${ref}` : ref} is no execution of code. List them with code:list.`,
    );
  return { ...lineOf(job), job };
}
