// Runs jobs until it is told to stop. Each attempt writes its start and its end to one ledger of all workers.
import { join } from "node:path";
import { openJobQueue } from "../../src/index.ts";
import { openLedger } from "./ledger.ts";

const [folder = "", durability = "process"] = process.argv.slice(2);
const ran = openLedger(join(folder, "ran"));
const queue = await openJobQueue({
  path: join(folder, "storm.db"),
  durability: durability as "power" | "process",
  concurrency: 8,
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
let begun = 0;
queue.registerHandler(
  "work",
  {
    async process(data: { fail?: boolean; steps?: boolean; long?: boolean }, _id, job) {
      ran("S", job.number, process.pid, job.run);
      process.send?.(++begun);
      for (let i = 0; i < (data.long ? 2_000 : 1); i++) await turn();
      if (data.steps) {
        await job.step("one", turn);
        job.log("between the steps");
        await job.step("two", turn);
      }
      job.progress({ current: 1, total: 1 });
      await turn();
      ran("E", job.number, process.pid, job.run);
      if (data.fail) throw new Error("as told");
      return job.number;
    },
  },
  { maxAttempts: 2, backoff: { delay: 5 } },
);
process.on("message", () => void queue.stop().then(() => process.disconnect()));
process.on("disconnect", () => process.exit());
await queue.start();
