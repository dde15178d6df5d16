import { createInterface } from "node:readline";
import type { AppSession } from "../app-port.ts";
import type { CommandContext } from "../command.ts";
import { exitCodeOfError, type ExitCode } from "../exit-codes.ts";
import { createOutput } from "../output.ts";
import { errorLines, errorView } from "../render/error.ts";
import { runLine } from "./run-line.ts";
import { splitCommands } from "./words.ts";

/** Commands from a pipe or a file, one per line, each done before the next; plain lines. The exit code is the last command's. */
export async function runPiped(
  base: Pick<CommandContext, "app" | "output" | "streams" | "brain">,
  session: AppSession,
): Promise<ExitCode> {
  const { streams, brain, output } = base;
  let last: ExitCode = 0;
  for await (const line of createInterface({ input: streams.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    try {
      for (const words of splitCommands(line)) {
        const done = await runLine(words, {
          ...base,
          session,
          interruptible: async (work) => ({ value: await work(new AbortController().signal), interrupted: false }),
          output: (json) =>
            createOutput({ ...streams, env: brain.env, json: json || output.json, color: undefined, input: false }),
        });
        if (done === "quit") return last;
        last = done;
      }
    } catch (error) {
      const { code } = errorView(error);
      last = code === undefined ? 1 : exitCodeOfError(code);
      if (output.json) output.show("error", errorView(error), () => []);
      output.note(errorLines(error, output.noteLayout()));
    }
  }
  return last;
}
