// The log of a job: lines of the store, and output of its programs, which is kept in files.
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import type { LogsReply } from "../replies.ts";
import { isPerson } from "../rights.ts";
import { isEndedState } from "../states.ts";
import type { Tool } from "../tool-table.ts";
import { iso } from "../views.ts";
import { find, jobOf, limitSchema, refSchema, verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

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
      // Loaded here: most commands never read a log.
      const { readLog, withoutControls } = await import("../programs/output/read-log.ts");
      const logs = (options: object) => ports.queue.service.logs(job.id, options);
      const read = await readLog({ logs, home: ports.home, job: job.number }, page);
      // It may have ended since the first look; a log that has ended never says that its job runs.
      const { state } = read.ended ? await jobOf(ports.queue, found) : job;
      const show = isPerson(call.caller) ? (text: string) => text : withoutControls;
      const lines = read.lines.map((line) => ({ ...line, text: show(line.text), at: iso(line.at) }));
      const data: LogsReply = {
        id: job.id,
        number: job.number,
        state,
        lines,
        cursor: read.cursor,
        ended: read.ended && isEndedState(state),
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

function textOf(lines: LogsReply["lines"]): string {
  return lines
    .map(({ text, open, stream }, index) =>
      index + 1 === lines.length || (open === true && lines[index + 1]?.stream === stream) ? text : `${text}\n`,
    )
    .join("");
}
