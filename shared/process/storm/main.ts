// `npm run programs -- kill [tries]` and `npm run programs -- soak [MiB]`: the promises that take long, with their figures. Exit code 1 when one
// does not hold.
import { sweep } from "../src/index.ts";
import { probeTiers } from "../src/system/tiers.ts";
import { killedWorker } from "./killed-worker.ts";
import { soak } from "./soak.ts";

const [what = "kill", amount] = process.argv.slice(2);

if (what === "kill") await kill(Number(amount ?? 200));
else if (what === "soak") await soakAll(Number(amount ?? 1024));
else {
  process.stderr.write("programs: say kill [tries] or soak [MiB]\n");
  process.exitCode = 2;
}

/** A worker is killed while its program runs, again and again, on every tier: nothing of the group may stay. */
async function kill(tries: number): Promise<void> {
  for (const { tier, works, why } of (await probeTiers({ userNamespace: true })).states) {
    if (!works) {
      process.stdout.write(`${tier}: not here. ${why}\n`);
      continue;
    }
    const times: number[] = [];
    let left = 0;
    let escaped = 0;
    for (let turn = 0; turn < tries; turn++) {
      const worker = await killedWorker(tier);
      times.push(worker.ms);
      left += worker.group.length;
      escaped += worker.escaped.length;
      await sweep(worker.mark);
    }
    times.sort((a, b) => a - b);
    const at = (part: number) => (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(0);
    process.stdout.write(
      `${tier}: ${tries} workers killed, ${left} processes of a group left, ${escaped} that had left the group ` +
        `(found by their mark), gone after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
    );
    if (left > 0) process.exitCode = 1;
  }
}

async function soakAll(mebibytes: number): Promise<void> {
  const limit = 64;
  for (const kind of ["zeros", "lines", "noise"] as const) {
    for (const secrets of [0, 2]) {
      const { grown, grownReading, seconds, kept, dropped } = await soak(kind, mebibytes, secrets);
      process.stdout.write(
        `${mebibytes} MiB of ${kind}, ${secrets} secrets: ${(mebibytes / seconds).toFixed(0)} MiB/s, memory grew by ` +
          `${grown.toFixed(0)} MiB (${grownReading.toFixed(0)} with reading it), ${kept.toFixed(0)} MiB kept, ${dropped.toFixed(0)} MiB of the middle dropped\n`,
      );
      if (grown > limit) process.exitCode = 1;
    }
  }
}
