import { defineTool } from "@brains/plugin";
import type { ToolContext } from "@brains/plugin";
import { z } from "zod";
import type { CodeConfig } from "./config.ts";
import { type ExecuteJob, labelOf } from "./execute.ts";
import { type Found, activeExecutions, executionOf, executionsPage, refSchema, refsSchema } from "./executions.ts";
import { clearLog, logOf } from "./log-view.ts";
import { checkExecution, defaultTimeout, executeSchema, trustOf } from "./request.ts";

const MOST = 1000;
const whichSchema = z
  .object({ ids: refsSchema.optional(), all: z.boolean().default(false).describe("All of them") })
  .refine(({ ids, all }) => all || ids !== undefined, "give `ids`, or `all: true`");

export function executeTool(job: ExecuteJob, config: CodeConfig) {
  return defineTool({
    name: "execute",
    title: "Execute code",
    description: [
      `Runs JavaScript or TypeScript in a process of its own and answers with its output and the value of its last expression. After ${config.handOver} seconds it answers with the id and the output so far, and the code runs on.`,
      "`await readLine()` waits for a line that is sent with shell:send. Pure computation: use sandbox quickjs, which needs no approval.",
      "Without a sandbox it is for trusted code only: it may do whatever the brain's user may, so a person approves it unless the config allows it.",
    ].join(" "),
    input: executeSchema,
    wait: config.handOver,
    async run(input, context) {
      const sandbox = input.sandbox ?? config.sandbox;
      checkExecution(input, sandbox);
      const timeout = (input.timeout ?? defaultTimeout(sandbox, config)) * 1000;
      const queued = await context.enqueueJob(job, { ...input, sandbox }, { label: labelOf(input), timeout });
      return { ...queued, trust: trustOf(sandbox) };
    },
  });
}

export function executionTools() {
  return [
    defineTool({
      name: "list",
      title: "List executions",
      description: "Executions of code, running and ended ones, newest first, one page at a time.",
      input: z.object({
        limit: z.number().int().min(1).max(MOST).default(50),
        cursor: z.string().optional().describe("The `next` of the page before"),
      }),
      annotations: { readOnly: true },
      run: ({ limit, cursor }, context) => executionsPage(context, { limit, cursor }),
    }),
    defineTool({
      name: "running",
      title: "Running code",
      description:
        "Executions of code that have not ended, newest first: running, or waiting for approval, input or a free place.",
      annotations: { readOnly: true },
      run: async (_input, context) => ({ executions: await activeExecutions(context) }),
    }),
    defineTool({
      name: "kill",
      title: "Kill code",
      description: "Ends one, several or all executions of code with all processes that they started; says how many.",
      input: whichSchema,
      annotations: { destructive: true, idempotent: true },
      run: ({ ids, all }, context) => kill(context, ids, all),
    }),
    defineTool({
      name: "clear",
      title: "Clear the shown log",
      description:
        "Hides what executions have written so far from code:log; what they write later is shown. Nothing is deleted.",
      input: whichSchema,
      annotations: { destructive: false, idempotent: true },
      run: ({ ids, all }, context) => clear(context, ids, all),
    }),
    defineTool({
      name: "log",
      title: "Log of code",
      description:
        "What an execution has written since its log was cleared, one page at a time: pass `cursor` as `after` to go on.",
      input: z.object({
        id: refSchema,
        after: z.string().optional().describe("The `cursor` of the page before"),
        tail: z.number().int().min(1).max(10_000).optional().describe("Only the last so many lines"),
        full: z.boolean().default(false).describe("Also what was cleared"),
      }),
      annotations: { readOnly: true },
      run: ({ id, ...page }, context) => logOf(context, id, page),
    }),
    defineTool({
      name: "result",
      title: "Result of code",
      description: "How an execution stands: its value, or its error with the place in the code.",
      input: z.object({ id: refSchema }),
      annotations: { readOnly: true },
      run: async ({ id }, context) => {
        const { job, ...line } = await executionOf(context, id);
        const { result, error, withheld } = job;
        return { ...line, result, error, withheld };
      },
    }),
  ];
}

async function kill(context: ToolContext, ids: readonly Found["id"][] | undefined, all: boolean) {
  const found = await named(context, ids, all, () => activeExecutions(context));
  if (found.length === 0) return { killed: 0, message: "No code is running." };
  let killed = 0;
  const results: unknown[] = [];
  for (let from = 0; from < found.length; from += 100) {
    const reply = z
      .object({ results: z.array(z.looseObject({ ok: z.boolean() })) })
      .parse(await context.callTool("shell:cancel", { ids: found.slice(from, from + 100).map(({ id }) => id) }));
    killed += reply.results.filter(({ ok }) => ok).length;
    results.push(...reply.results);
  }
  return { killed, message: `${killed} of ${found.length} told to end.`, results };
}

async function clear(context: ToolContext, ids: readonly Found["id"][] | undefined, all: boolean) {
  const found = await named(context, ids, all, async () => (await executionsPage(context, { limit: MOST })).executions);
  for (const { id } of found) await clearLog(context, id);
  return { cleared: found.length };
}

async function named(
  context: ToolContext,
  ids: readonly Found["id"][] | undefined,
  all: boolean,
  every: () => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  if (all) return every();
  return Promise.all((ids ?? []).map((id) => executionOf(context, id)));
}
