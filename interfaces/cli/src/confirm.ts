import { createInterface } from "node:readline/promises";
import type { StreamPorts } from "./app-port.ts";
import { printable } from "./text/printable.ts";

/** A yes-or-no question on a terminal; anything but y or yes is no. */
export async function confirm(streams: StreamPorts, question: string): Promise<boolean> {
  const lines = createInterface({ input: streams.stdin, output: streams.stderr });
  try {
    const answer = await lines.question(` ${printable(question)} [y/N] `);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
