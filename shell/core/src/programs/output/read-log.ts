// The log of a job as it is shown: lines of the store and output of programs, by pages or from the end.
import { attemptFolders } from "./folder.ts";
import { lastOutputLines } from "./lines.ts";
import { mergedPage } from "./merged.ts";
import type { MergedPage, MergedSources } from "./merged.ts";

export { stripTerminal as withoutControls } from "@brains/process";

/** Text of one page. */
const LOG_BYTES = 64 * 1024;

export interface LogPageOptions {
  readonly after?: string | undefined;
  readonly limit: number;
  /** Only the last so many lines. */
  readonly tail?: number | undefined;
}

export async function readLog(sources: Omit<MergedSources, "bytes">, page: LogPageOptions): Promise<MergedPage> {
  const { logs, home, job } = sources;
  const { tail } = page;
  if (tail === undefined) return mergedPage({ ...sources, bytes: LOG_BYTES }, page);
  const stored = await logs({ tail });
  const output = (await attemptFolders(home, job)).length === 0 ? undefined : await lastOutputLines(home, job, tail);
  const all = [...stored.lines, ...(output?.lines ?? [])].toSorted((a, b) => a.at - b.at);
  const lines = withinBytes(tail === 0 ? [] : all.slice(-tail));
  const cursor = output === undefined ? stored.cursor : `${stored.cursor}~${output.cursor}`;
  return { lines, cursor, ended: stored.ended, dropped: 0, more: false };
}

/** Of a tail, the end is kept. */
function withinBytes<Line extends { readonly text: string }>(lines: readonly Line[]): Line[] {
  let bytes = 0;
  const order = lines.toReversed();
  const kept = order.findIndex((line) => (bytes += Buffer.byteLength(line.text) + 1) > LOG_BYTES);
  return order.slice(0, kept === -1 ? order.length : Math.max(1, kept)).reverse();
}
