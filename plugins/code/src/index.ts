import { definePlugin } from "@brains/plugin";
import { configSchema } from "./config.ts";
import { executeJob } from "./execute.ts";
import { sweepMarks } from "./log-view.ts";
import { sweepRunFolders } from "./run-folder.ts";
import { executeTool, executionTools } from "./tools.ts";

export { CODE_ERRORS, type CodeErrorCode } from "./errors.ts";

/** Runs JavaScript and TypeScript as background jobs, each in a process of its own. */
export default definePlugin({
  id: "code",
  version: "0.1.0",
  description: "Runs JavaScript and TypeScript as background jobs",
  config: configSchema,
  register(context) {
    const job = executeJob(context.config);
    context.registerJobHandler(job);
    return { tools: [executeTool(job, context.config), ...executionTools()] };
  },
  async start(context) {
    await sweepRunFolders(context.dataDir, async (number) => {
      const job = await context.getJobStatus(number);
      return job === null || job.endedAt !== undefined;
    });
    await sweepMarks(context);
  },
});
