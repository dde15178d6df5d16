import { readFileSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Benchmark, Tools } from "../benchmark.ts";
import type { Session } from "../contender.ts";
import { contender } from "../contenders/index.ts";

export const bytes: Benchmark = {
  name: "bytes",
  title: "Bytes written per job",
  description:
    "What the process hands to the operating system (write-ahead log and checkpoints), as Linux counts it, and the size of the file in the end; enqueued 100 per call, then processed.",
  variants: () => ["raw", "queue", "plainjob"],
  contest: true,
  figures: {
    enqueue: { label: "KB per job enqueued", unit: "KB", better: "lower" },
    process: { label: "KB per job enqueued and processed", unit: "KB", better: "lower" },
    file: { label: "KB of file per finished job", unit: "KB", better: "lower" },
  },
  size: { kind: "fixed", full: 20_000, quick: 5_000, tiny: 200 },
  rounds: 3,
  async measure(variant, tools) {
    const enqueue = await inStore(variant, tools, "enqueued", (session) => session.enqueueMany(tools.count, 100));
    const processed = await inStore(variant, tools, "processed", (session) => session.process(tools.count));
    const kb = (total: number): number => total / tools.count / 1_024;
    return { enqueue: kb(enqueue.written), process: kb(processed.written), file: kb(processed.file) };
  },
};

async function inStore(
  variant: string,
  tools: Tools,
  name: string,
  work: (session: Session) => Promise<unknown>,
): Promise<{ written: number; file: number }> {
  const folder = join(tools.folder, name);
  await mkdir(folder);
  const session = await contender(variant).open({ ...tools, folder }, "process");
  const before = counter();
  let after = NaN;
  try {
    await work(session);
    after = counter();
  } finally {
    await session.close();
  }
  return { written: after - before, file: statSync(join(folder, `${variant}.db`)).size };
}

/** NaN where the system does not count. */
function counter(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  } catch {
    return NaN;
  }
}
