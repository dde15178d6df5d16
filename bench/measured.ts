// One variant of one benchmark in a process of its own: asked for one measurement after the other, so that rounds of several can be interleaved
// while each keeps its own heap and compiled code.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Servers } from "./benchmark.ts";
import { BENCHMARKS } from "./benchmarks/index.ts";

export interface Question {
  readonly benchmark: string;
  readonly variant: string;
  readonly count: number;
  /** Of this variant alone. */
  readonly folder: string;
  readonly servers: Servers;
}

export type Answer = { readonly figures: Record<string, number> } | { readonly error: string };

// The one that asked is gone, and with it the reason to be here.
process.once("disconnect", () => process.exit());

process.on("message", (question: Question) => {
  void measure(question).then((answer) => process.send?.(answer));
});

async function measure({ benchmark, variant, count, folder, servers }: Question): Promise<Answer> {
  const own = await mkdtemp(join(folder, "round-"));
  try {
    const found = BENCHMARKS.find((each) => each.name === benchmark);
    if (!found) throw new Error(`There is no benchmark "${benchmark}".`);
    return { figures: await found.measure(variant, { folder: own, kept: folder, count, servers }) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
