import { readFile } from "node:fs/promises";
import { makeBrain, type TestBrain } from "./brain-kit.ts";

/** A brain with the plugin of fixtures/gates.ts. */
export async function gatesBrain(config = ""): Promise<TestBrain> {
  const plugin = await readFile(new URL("./fixtures/gates.ts", import.meta.url), "utf8");
  return makeBrain({ files: { "brains.yaml": `plugins:\n  - ./gates.ts\n${config}`, "gates.ts": plugin } });
}

/** The shape of a queued reply. */
export interface Queued {
  readonly jobId?: string;
  readonly batchId?: string;
  readonly number: number;
}
