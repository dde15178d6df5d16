import { fieldsOf, parseFields } from "../arguments.ts";
import { workRef } from "../call.ts";
import { usageError } from "../cli-error.ts";
import { text, type Action, type CommandContext, type OptionValue } from "../command.ts";
import { demandPerson } from "../demand-person.ts";
import type { ExitCode } from "../exit-codes.ts";
import { dataLines } from "../render/data.ts";
import { queuedLines } from "../render/replies.ts";
import { printableLines } from "../text/printable.ts";
import { followOutput } from "./follow-output.ts";
import { timeoutOption } from "./filters.ts";
import { findTool } from "./tools.ts";
import { reportOutcome, waitForWork } from "./wait.ts";

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}

async function readInput(context: CommandContext, option: OptionValue): Promise<unknown> {
  const given = text(option);
  if (given === undefined) return undefined;
  const source = given === "-" ? await readAll(context.streams.stdin) : given;
  try {
    return JSON.parse(source);
  } catch (error) {
    throw usageError(`--input is not JSON: ${(error as Error).message}`);
  }
}

export const run: Action = async (context, { args, options }): Promise<ExitCode> => {
  const [name, ...words] = args;
  const { output } = context;
  const timeout = timeoutOption("wait", options.wait);
  const after = options.after;
  const session = await context.session({ plugins: true });
  const tool = findTool(session.shell.listTools(session.caller), name!);
  // By its name as a tool it is the same answer of a person as with `approve`.
  if (tool.name === "shell:decide") demandPerson(context.brain.env, output.interactive);
  const input = parseFields(words, fieldsOf(tool.input), await readInput(context, options.input));
  const reply = await session.shell.callTool(tool.name, input, session.caller, {
    // We wait ourselves, and show how it goes meanwhile.
    wait: 0,
    key: text(options.key),
    after: after === undefined ? undefined : [after].flat().map((id) => workRef(String(id))),
  });
  if (reply.kind === "data") {
    output.show("data", reply.data, (layout) =>
      reply.text === undefined ? dataLines(reply.data, layout) : printableLines(reply.text).map((line) => ` ${line}`),
    );
    return 0;
  }
  const { newer } = await session.ensureWorker();
  // A prompt may be open for days.
  if (newer)
    output.note([" the config or a plugin has changed since this was opened: start brains again for the new tools"]);
  const queued = reply.queued;
  const patience = tool.wait ?? 0;
  if (options.wait === undefined && patience > 0 && !output.json) {
    output.note(queuedLines(queued, output.noteLayout()).slice(0, 1));
    return followOutput(context, session, queued, patience);
  }
  if (options.wait === undefined || options.wait === false) {
    output.show("queued", queued, (layout) => queuedLines(queued, layout));
    return 0;
  }
  if (!output.json) output.note(queuedLines(queued, output.noteLayout()).slice(0, 1));
  const end = await waitForWork(context, session, [queued.number], { timeout });
  return reportOutcome(context, session, end);
};
