// Runs jobs until it is told to stop. Each attempt writes its start and its end to one ledger of all workers.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type JobContext, openJobQueue } from "../src/index.ts";
import { monotonic, watchLoop } from "./figures.ts";
import { openLedger } from "./ledger.ts";
import { type Poison, type StormWork, readSetting } from "./setting.ts";

const { folder, path, durability, concurrency = 8, tells = false, gaps = false, keeps = false } = readSetting();
const ran = openLedger(join(folder, "ran"));
const queue = await openJobQueue({
  path,
  durability,
  concurrency,
  ...(keeps ? { retention: { maxAge: 365_000 * 86_400_000 } } : {}),
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
let begun = 0;
queue.registerHandler(
  "work",
  {
    async process(work: StormWork, _id, job) {
      // Names the attempt, and is its result: what stands in the store tells whose it is.
      const mark = `${process.pid}.${++begun}`;
      const entry = (kind: string) => ran(kind, job.number, process.pid, mark, monotonic(), Date.now());
      entry("S");
      process.send?.(begun);
      try {
        await run(work, job);
      } catch (error) {
        entry("F");
        throw error;
      }
      entry("E");
      if (work.fail) throw new Error("as told");
      return mark;
    },
  },
  { maxAttempts: 2, backoff: { delay: 5 } },
);
if (tells) {
  queue.events.on("job-progress", (event) => {
    if (event.change === "ended") ran("D", event.job.number, process.pid, event.state, event.run, monotonic());
  });
}
if (gaps) watchLoop((ms) => ran("G", 0, process.pid, ms, monotonic()));
process.on("message", () => void queue.stop().then(() => process.disconnect()));
process.on("disconnect", () => process.exit());
await queue.start();

async function run({ long, hold, steps, poison }: StormWork, job: JobContext): Promise<void> {
  for (let i = 0; i < (long ? 2_000 : 1); i++) await turn();
  if (hold) await pause(hold);
  if (poison) await take(poison);
  if (steps) {
    await job.step("one", turn);
    job.log("between the steps");
    await job.step("two", turn);
  }
  job.progress({ current: 1, total: 1 });
  await turn();
}

async function take(poison: Poison): Promise<void> {
  // After a moment, so that the neighbours of the attempt have begun too.
  await pause(20);
  if (poison === "exit") process.exit(0);
  else if (poison === "abort") process.abort();
  else if (poison === "segfault") process.kill(process.pid, "SIGSEGV");
  else if (poison === "memory")
    for (const kept: unknown[] = []; ;) kept.push(Array.from({ length: 10_000 }, Math.random));
  else for (;;);
  await new Promise(() => undefined);
}
