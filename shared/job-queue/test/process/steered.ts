// A worker in a process of its own, whose handlers tell what happens to them, or a reader of events. Ends when its parent lets go of it.
import { appendFileSync } from "node:fs";
import { openJobQueue } from "../../src/index.ts";

export type Heard =
  | { readonly event: "ready" }
  | { readonly event: "started"; readonly number: number; readonly run: number }
  | { readonly event: "aborted"; readonly number: number; readonly run: number; readonly reason: string };

const [path = "", role = "", ledger = "", after = ""] = process.argv.slice(2);
const tell = (heard: Heard) => void process.send?.(heard);
process.on("disconnect", () => process.exit());
const queue = await openJobQueue({ path, durability: "process" });
if (role === "read") read();
else await work();
tell({ event: "ready" });

async function work(): Promise<void> {
  const released = new Promise<void>((resolve) => process.once("message", () => resolve()));
  // Ends when it is told to, whatever was asked of it meanwhile.
  queue.registerHandler("hold", {
    async process(_data, _id, { number, run, signal }) {
      tell({ event: "started", number, run });
      signal.addEventListener("abort", () =>
        tell({ event: "aborted", number, run, reason: (signal.reason as { code: string }).code }),
      );
      await released;
      return "held";
    },
  });
  queue.registerHandler("heed", {
    process: (_data, _id, { number, run, signal }) =>
      new Promise((_, reject) => {
        tell({ event: "started", number, run });
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
  });
  queue.registerHandler("ask", {
    async process(_data, _id, job) {
      const { choice, comment } = await job.requestDecision({ question: "Go on?" });
      return { choice, comment };
    },
  });
  queue.registerHandler("spin", {
    async process(_data, _id, { number, run }) {
      tell({ event: "started", number, run });
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      // Longer than anybody waits for it.
      if (run === 1) for (const from = performance.now(); performance.now() - from < 600_000;);
      return process.pid;
    },
  });
  queue.registerHandler("quick", { process: async () => process.pid });
  await queue.start();
}

/** Writes the cursor of every event to the ledger, in one write each, so that the ledger is where it stands when it is killed. */
function read(): void {
  queue.events.subscribe({ after: after === "" ? undefined : after }, ({ cursor, kind, change }) => {
    // What a batch's counts became is told along with its job's event, under the same cursor.
    if (kind === "job" || change !== "progress") appendFileSync(ledger, `${cursor}\n`);
  });
}
