import { usageError } from "../cli-error.ts";
import type { Action } from "../command.ts";
import { nearest } from "@brains/plugin/nearest";
import type { ExitCode } from "../exit-codes.ts";

export const worker: Action = async (context, { args }): Promise<ExitCode> => {
  const { app, output, brain } = context;
  const action = args[0];
  if (action === "stop") {
    const report = await app.stopWorker(brain);
    output.show("workers-stopped", report, () => {
      const lines = report.stopped.map((pid) => ` worker ${pid} stopped`);
      lines.push(...report.stillRunning.map((pid) => ` worker ${pid} is still finishing its jobs`));
      lines.push(
        ...report.notAnswering.map(
          (pid) => ` worker ${pid} does not answer: end it with kill -9 ${pid}, and the next worker takes its jobs`,
        ),
      );
      return lines.length === 0 ? [" no worker runs"] : lines;
    });
    return report.stillRunning.length + report.notAnswering.length > 0 ? 7 : 0;
  }
  if (action !== undefined) {
    const near = nearest(action, ["stop"]);
    throw usageError(
      `brains worker has no action ${action}. ${near === undefined ? "It has: stop" : `Did you mean ${near}?`}`,
    );
  }
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    const code = await app.runWorker({
      ...brain,
      signal: stop.signal,
      onReady: ({ pid, home }) => output.note([` worker ${pid} runs the jobs of ${home}; Ctrl-C stops it`]),
    });
    return code as ExitCode;
  } finally {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  }
};
