// The log of a job: lines of the store, and output of its programs, which is kept in files.
import { stripTerminal } from "@brains/process";
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import { attemptFolders } from "../programs/output/folder.ts";
import { lastOutputLines } from "../programs/output/lines.ts";
import { mergedPage } from "../programs/output/merged.ts";
import type { MergedPage } from "../programs/output/merged.ts";
import type { LogsReply } from "../replies.ts";
import { isPerson } from "../rights.ts";
import type { Tool } from "../tool-table.ts";
import { iso } from "../views.ts";
import { find, jobOf, limitSchema, refSchema, verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

/** Text of one page. */
const LOG_BYTES = 64 * 1024;

export function logsVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "logs",
    title: "Log of a job",
    description:
      "The log of one job and the output of its programs, a page at a time. Pass the answer's `cursor` as `after` to go on.",
    input: z.object({
      id: refSchema,
      after: z.string().optional().describe("The `cursor` of the page before"),
      limit: limitSchema.default(200),
      tail: z.number().int().min(0).max(10_000).optional().describe("Only the last so many lines"),
    }),
    role: "viewer",
    readOnly: true,
    async run({ id, ...page }, call) {
      const found = await find(ports.queue, id);
      if (found.kind !== "job") {
        throw new BrainsError(
          "INVALID_INPUT",
          `#${found.number} is a ${found.kind}, and only jobs have a log. List its jobs with shell:job and id ${found.number}.`,
        );
      }
      const job = await jobOf(ports.queue, found);
      const read = await readLog(ports, job.id, job.number, page);
      const show = isPerson(call.caller) ? (text: string) => text : stripTerminal;
      const lines = read.lines.map((line) => ({ ...line, text: show(line.text), at: iso(line.at) }));
      const data: LogsReply = {
        id: job.id,
        number: job.number,
        state: job.state,
        lines,
        cursor: read.cursor,
        ended: read.ended,
        ...(read.dropped > 0 ? { dropped: read.dropped } : {}),
        ...(read.more ? { more: true } : {}),
      };
      return {
        data,
        text:
          lines.length === 0
            ? `#${job.number} has no${page.after === undefined ? "" : " more"} log lines.`
            : textOf(lines),
      };
    },
  });
}

async function readLog(
  ports: VerbPorts,
  id: string,
  number: number,
  page: { readonly after?: string | undefined; readonly limit: number; readonly tail?: number | undefined },
): Promise<MergedPage> {
  const { queue, home } = ports;
  const logs = (options: { after?: string | undefined; limit?: number; tail?: number | undefined }) =>
    queue.service.logs(id, options);
  if (page.tail === undefined) return mergedPage({ logs, home, job: number, bytes: LOG_BYTES }, page);
  const stored = await logs({ tail: page.tail });
  const output =
    (await attemptFolders(home, number)).length === 0 ? undefined : await lastOutputLines(home, number, page.tail);
  const all = [...stored.lines, ...(output?.lines ?? [])].toSorted((a, b) => a.at - b.at);
  const lines = withinBytes(page.tail === 0 ? [] : all.slice(-page.tail));
  const cursor = output === undefined ? stored.cursor : `${stored.cursor}~${output.cursor}`;
  return { lines, cursor, ended: stored.ended, dropped: 0, more: false };
}

/** Of a tail, the end is kept. */
function withinBytes<Line extends { readonly text: string }>(lines: readonly Line[]): Line[] {
  let bytes = 0;
  const order = lines.toReversed();
  const kept = order.findIndex((line) => (bytes += Buffer.byteLength(line.text) + 1) > LOG_BYTES);
  return order.slice(0, kept === -1 ? order.length : Math.max(1, kept)).reverse();
}

function textOf(lines: LogsReply["lines"]): string {
  return lines
    .map(({ text, open, stream }, index) =>
      index + 1 === lines.length || (open === true && lines[index + 1]?.stream === stream) ? text : `${text}\n`,
    )
    .join("");
}
