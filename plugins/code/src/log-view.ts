// The log of an execution, from where it was last cleared. Clearing moves a cursor and deletes nothing.
import type { PluginContext } from "@brains/plugin";
import { z } from "zod";
import { executionOf } from "./executions.ts";

const PREFIX = "cleared:";
const PAGE = 1000;
/** Of a cleared log, for its tail; a longer one is cleared again soon enough. */
const PAGES = 50;
const pageSchema = z.looseObject({ lines: z.array(z.unknown()), cursor: z.string() });

export async function clearLog(context: PluginContext, id: string | number): Promise<void> {
  const { cursor } = pageSchema.parse(await context.callTool("shell:logs", { id, tail: 1 }));
  await context.kv.set(`${PREFIX}${id}`, cursor);
}

export async function logOf(
  context: PluginContext,
  ref: string | number,
  { after, tail, full }: { after?: string | undefined; tail?: number | undefined; full: boolean },
): Promise<unknown> {
  const { id } = await executionOf(context, ref);
  const cleared = full ? undefined : await context.kv.get<string>(`${PREFIX}${id}`);
  const from = after ?? cleared;
  if (tail === undefined || from === undefined) return context.callTool("shell:logs", { id, after: from, tail });
  return tailSince(context, id, from, tail);
}

/** The last lines of those behind a mark: a tail of the whole log knows no mark. */
async function tailSince(context: PluginContext, id: string | number, from: string, tail: number): Promise<unknown> {
  let lines: unknown[] = [];
  let cursor = from;
  for (let page = 0; ; page++) {
    const read = pageSchema.parse(await context.callTool("shell:logs", { id, after: cursor, limit: PAGE }));
    lines = [...lines, ...read.lines].slice(-tail);
    if (read.lines.length === 0 || page === PAGES) return { ...read, lines };
    cursor = read.cursor;
  }
}

/** Forgets the marks of executions that are gone. */
export async function sweepMarks(context: PluginContext): Promise<void> {
  for (const { key } of await context.kv.list(PREFIX)) {
    if ((await context.getJobStatus(key.slice(PREFIX.length))) === null) await context.kv.delete(key);
  }
}
