// Enqueues until it is told to stop. A number is written to the ledger only after its promise resolved: what stands there was acknowledged.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isCodedError, openJobQueue } from "../src/index.ts";
import { monotonic, watchLoop } from "./figures.ts";
import { openLedger } from "./ledger.ts";
import { readSetting } from "./setting.ts";

const {
  folder,
  path,
  durability,
  tolerant = false,
  delays = false,
  hold = 0,
  filler = 0,
  gaps = false,
} = readSetting();
const acknowledged = openLedger(join(folder, "acknowledged"));
const queue = await openJobQueue({ path, durability });
if (gaps) watchLoop((ms) => acknowledged("G", 0, process.pid, ms, monotonic()));
const orders = { stop: false };
process.on("message", () => {
  orders.stop = true;
});
process.on("disconnect", () => process.exit());

const recent: number[] = [];
let made = 0;
const keep = (numbers: readonly number[]) => {
  for (const number of numbers) acknowledged("J", number);
  made += numbers.length;
  recent.push(...numbers);
};

async function produce(i: number): Promise<void> {
  if (i % 10 === 9) {
    const batch = await queue.enqueueBatch(
      [0, 1, 2, 3, 4].map((n) => ({ type: "work", data: { fail: n === 3 && i % 20 === 9 } })),
      { label: `batch ${i}`, policy: i % 30 === 9 ? "stop" : "continue" },
    );
    acknowledged("B", batch.number);
    keep(batch.jobIds.map((id) => Number.parseInt(id, 10)));
  } else if (i % 10 === 4) {
    const many = await queue.service.enqueueMany(
      Array.from({ length: 8 }, (_, n) => ({ type: "work", data: { n }, priority: n - 4 })),
    );
    keep(many.map((job) => job.number));
  } else if (delays && i % 10 === 7) {
    const delay = 100 * (1 + (i % 30));
    const before = monotonic();
    const { number } = await queue.enqueue("work", {}, { delay });
    acknowledged("J", number);
    acknowledged("T", number, before, delay);
    made += 1;
  } else {
    const { number } = await queue.enqueue(
      "work",
      { steps: i % 7 === 0, long: i % 6 === 0, hold: i % 4 === 0 ? hold : 0, filler: "x".repeat(filler) },
      i % 5 === 0 ? { key: `k${i % 3}` } : {},
    );
    keep([number]);
  }
  process.send?.(made);
  // Not ahead of the workers by more than some hundred jobs.
  if (recent.length > 400) await queue.wait(recent.splice(0, 200)[0] as number);
}

for (let i = 0; !orders.stop; i++) {
  try {
    await produce(i);
  } catch (error) {
    if (!tolerant || !isCodedError(error)) throw error;
    acknowledged("R", error.code);
    await pause(50);
  }
}
await queue.stop();
process.disconnect();
