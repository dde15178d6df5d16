// A front end, as a command of a terminal is: opens the store, asks for one thing, follows it to its end, closes, and begins anew.
import { join } from "node:path";
import { openJobQueue } from "../src/index.ts";
import { monotonic, watchLoop } from "./figures.ts";
import { openLedger } from "./ledger.ts";
import { readSetting } from "./setting.ts";

const { folder, path, durability, gaps = false } = readSetting();
const acknowledged = openLedger(join(folder, "acknowledged"));
const orders = { stop: false };
process.on("message", () => {
  orders.stop = true;
});
process.on("disconnect", () => process.exit());

for (let i = 0; !orders.stop; i++) {
  const queue = await openJobQueue({ path, durability });
  // Not while the modules of the first one were loaded.
  if (gaps && i === 0) watchLoop((ms) => acknowledged("G", 0, process.pid, ms, monotonic()));
  const { number } = await queue.enqueue("work", { long: true, steps: i % 2 === 0 });
  acknowledged("J", number);
  process.send?.(i + 1);
  if (i % 3 === 0) await queue.service.cancel(number).catch(() => undefined);
  const job = await queue.wait(number);
  if (i % 6 === 0 && job.state === "cancelled") {
    await queue.service.retry(number);
    await queue.wait(number);
  }
  await queue.stop();
}
process.disconnect();
