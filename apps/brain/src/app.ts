import type { AppPort } from "@brains/cli";
import { appVersion } from "./version.ts";

/** What the command line needs from the app. Each part is loaded when it is called, so that `status` does not pay for MCP. */
export function createApp(checkout: string): AppPort {
  return {
    version: appVersion(),
    open: async (options) => (await import("./session.ts")).openSession(options),
    runWorker: async (options) => (await import("./worker-process.ts")).runWorker(options),
    stopWorker: async (options) => (await import("./worker-stop.ts")).stopWorkers(options),
    init: async ({ dir, cwd, env, allowCode }) => (await import("./init-brain.ts")).initBrain(dir, cwd, env, allowCode),
    trust: async ({ dir, cwd, env }) => (await import("./trust-folder.ts")).trustFolder(dir, cwd, env),
    doctor: async (options) => (await import("./doctor.ts")).examine(options),
    backup: async (options, file) => (await import("./doctor.ts")).backupBrain(options, file),
    salvage: async (options, file) => (await import("./doctor.ts")).salvageBrain(options, file),
    serveMcp: async (options) => (await import("./mcp-process.ts")).serveMcp(options),
    planMcpInstall: async (options) => (await import("./mcp-install.ts")).planMcpInstall(options),
    demo: async ({ config }) => (await import("./demo.ts")).demoPlan(checkout, config),
  };
}
