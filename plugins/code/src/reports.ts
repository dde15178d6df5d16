// What a running execution says of itself once a minute, to whoever follows. The newest report replaces the older.
import type { PluginContext, RunningJob } from "@brains/plugin";
import { z } from "zod";

const EVERY_MS = 60_000;
/** Pages of the log read for one report; a program that writes more is counted on at the next. */
const PAGES = 10;
const PAGE = 1000;
const TAIL = 20;
const LONGEST_LINE = 120;
/** What a program tells the shell, and nobody else. */
const STATEMENT = /^::brains /;

const logSchema = z.object({
  lines: z.array(z.object({ text: z.string(), stream: z.string(), open: z.boolean().optional() })),
  cursor: z.string(),
});

export function startReports(job: RunningJob, context: PluginContext, every = EVERY_MS): { end(): void } {
  const startedAt = performance.now();
  let lines = 0;
  let cursor: string | undefined;
  let said: string | undefined;

  const read = async (page: object) => {
    const log = logSchema.parse(await context.callTool("shell:logs", { id: job.id, ...page }));
    return { ...log, written: log.lines.filter(({ stream, text }) => stream !== "note" && !STATEMENT.test(text)) };
  };
  /** True when all lines were counted that are there. */
  const count = async (): Promise<boolean> => {
    for (let page = 0; page < PAGES; page++) {
      const log = await read({ after: cursor, limit: PAGE });
      if (log.lines.length === 0 || log.cursor === cursor) return true;
      lines += log.written.filter(({ open }) => open !== true).length;
      cursor = log.cursor;
    }
    return false;
  };
  const report = async () => {
    const all = await count();
    const { written } = await read({ tail: TAIL });
    const last = written.findLast(({ text }) => text.trim() !== "")?.text.trim() ?? "";
    const { progress, state } = (await context.getJobStatus(job.id)) ?? {};
    // What the code says itself is worth more.
    if (state !== "processing" || progress?.message !== said) return;
    const minutes = Math.round((performance.now() - startedAt) / 60_000);
    const end = last === "" ? "" : `, last: ${last.slice(0, LONGEST_LINE)}`;
    said = `running for ${minutes} min, ${all ? "" : "over "}${lines} ${lines === 1 ? "line" : "lines"}${end}`;
    job.progress({ current: lines, unit: "lines", message: said });
  };
  const timer = setInterval(() => {
    report().catch((error: unknown) => context.log.warn("no report of running code", { error: String(error) }));
  }, every).unref();
  return { end: () => clearInterval(timer) };
}
