// One process of a test: opens the store and does what its command says. It answers by messages and ends when its parent lets go of it.
import { openJobQueue } from "../../src/index.ts";

export type Told =
  | { readonly event: "ready"; readonly pid: number }
  | { readonly event: "started"; readonly number: number; readonly run: number; readonly at: number }
  | { readonly event: "aborted"; readonly number: number; readonly reason: string }
  | { readonly event: "enqueued"; readonly number: number }
  | { readonly event: "collected"; readonly times: number };

const [path = "", command = ""] = process.argv.slice(2);
const tell = (told: Told) => void process.send?.(told);
let release = (): void => undefined;
const released = new Promise<void>((resolve) => {
  release = resolve;
});
process.on("message", () => release());
process.on("disconnect", () => process.exit());

if (command === "open") {
  const queue = await openJobQueue({ path });
  tell({ event: "enqueued", number: (await queue.enqueue("hello", process.pid)).number });
  await queue.stop();
  process.disconnect();
} else if (command === "dedup") {
  const queue = await openJobQueue({ path });
  tell({ event: "ready", pid: process.pid });
  // All of them at once, each several times.
  await released;
  const made = await Promise.all(Array.from({ length: 20 }, () => queue.enqueue("once", process.pid, { key: "same" })));
  for (const { number } of made) tell({ event: "enqueued", number });
  await queue.stop();
  process.disconnect();
} else {
  await work();
  tell({ event: "ready", pid: process.pid });
}

/** Nothing in this process refers to the queue afterwards. */
async function work(): Promise<void> {
  const queue = await openJobQueue({ path, durability: "process" });
  queue.registerHandler("hold", {
    async process(_data, _id, job) {
      tell({ event: "started", number: job.number, run: job.run, at: Date.now() });
      await Promise.race([
        released,
        new Promise((resolve) => {
          job.signal.addEventListener("abort", resolve);
        }),
      ]);
      if (!job.signal.aborted) return process.pid;
      tell({ event: "aborted", number: job.number, reason: (job.signal.reason as { code: string }).code });
      return null;
    },
  });
  await queue.start();
  if (command !== "collect") return;
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error("start with --expose-gc");
  for (let times = 1; times <= 5; times++) {
    collect();
    await new Promise<void>((resolve) => setImmediate(resolve));
    tell({ event: "collected", times });
  }
}
