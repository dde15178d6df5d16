import { definePlugin } from "@brains/plugin";
import { configSchema } from "./config.ts";
import { runJob } from "./run-job.ts";
import { commandTools } from "./tools.ts";

export default definePlugin({
  id: "commands",
  version: "0.1.0",
  description: "Runs programs as background jobs, by policy and approval",
  config: configSchema,
  register(context) {
    const job = runJob(context.config.concurrency);
    context.registerJobHandler(job);
    return { tools: commandTools(context, job) };
  },
});
