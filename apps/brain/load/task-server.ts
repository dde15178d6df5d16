// The server of task-polling.ts: a brain with many tasks, some running, some waiting, most ended.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJobQueue } from "@brains/job-queue";
import { listen, mcpOverHttp } from "@brains/mcp/http";
import { defineJob, definePlugin } from "@brains/plugin";
import { createShell } from "@brains/shell";
import { z } from "zod";

export interface Served {
  readonly url: string;
  readonly taskIds: readonly string[];
}

const RUNNING = 50;
const hold = defineJob({
  type: "hold",
  input: z.object({}),
  async run(_, job) {
    job.progress({ current: 3, total: 10, unit: "sections", message: "Writing the third section" });
    await new Promise<void>((resolve) => job.signal.addEventListener("abort", () => resolve(), { once: true }));
  },
});
const done = defineJob({ type: "done", input: z.object({}), run: () => ({ written: 12, path: "docs/site" }) });

const wanted = Number(process.argv[2] ?? 1000);
const home = await mkdtemp(join(tmpdir(), "brains-load-"));
const queue = await openJobQueue({ path: join(home, "brains.db"), durability: "process", concurrency: RUNNING });
const shell = await createShell({
  queue,
  brainDir: home,
  home,
  plugins: [{ plugin: definePlugin({ id: "load", jobs: [hold, done] }), from: "the load" }],
});
await queue.start();
const origin = { principal: "load", role: "operator", interface: "mcp" };
const taskIds: string[] = [];
const enqueue = async (type: string, count: number) => {
  for (let n = 0; n < count; n++) {
    const { jobId } = await queue.service.enqueue(type, {}, { origin, label: "Write the site" });
    taskIds.push(`${jobId}.1`);
  }
};
await enqueue("load:done", wanted / 2);
while ((await queue.service.list({ state: "completed", limit: 1000 })).items.length < wanted / 2) await turn();
// What does not run waits for a free place.
await enqueue("load:hold", wanted / 2);

const mcp = mcpOverHttp({
  shell,
  version: "0",
  // The limits are a principal's, and every client is one of its own.
  verify: async (token) => ({ principal: token, role: "approver" }),
});
const served = await listen(mcp, { port: 0 });
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  process.send?.({ cpu: user + system, heap: process.memoryUsage().heapUsed });
});
process.on("SIGTERM", () => {
  void (async () => {
    await served.close();
    await shell.stop();
    await queue.stop();
    await rm(home, { recursive: true, force: true });
    process.exit(0);
  })();
});
process.send?.({ url: served.url, taskIds } satisfies Served);

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
