import { setTimeout as pause } from "node:timers/promises";
import { type Identity, type ProcessTable, signalExactly, systemTable } from "./process-table.ts";
import { carries } from "./tree.ts";

const BETWEEN_PASSES_MS = 15;
const LIMIT_MS = 5_000;
const HELPERS_END_MS = 1_000;

export interface Swept {
  /** Distinct processes that were killed. */
  readonly stopped: number;
  /** Still alive when time was up: stuck in the kernel, or not ours to kill. */
  readonly left: readonly number[];
}

/**
 * Kills what `look` finds until it finds nothing twice in a row: a process born during one pass is found by the next. Gives up after some
 * seconds, as on a process that the kernel itself holds.
 */
export async function killUntilEmpty(
  look: () => readonly (Identity & { readonly helper?: boolean })[],
  table: ProcessTable,
): Promise<Swept> {
  const stopped = new Set<string>();
  const startedAt = performance.now();
  for (let empty = 0; ;) {
    const alive = look();
    empty = alive.length === 0 ? empty + 1 : 0;
    if (empty === 2) return { stopped: stopped.size, left: [] };
    if (performance.now() > startedAt + LIMIT_MS)
      return { stopped: stopped.size - alive.length, left: alive.map(({ pid }) => pid) };
    const spare = performance.now() < startedAt + HELPERS_END_MS;
    for (const one of alive) {
      // Helpers end by themselves. A leader that is killed leaves its dead child to init, and the namespace lasts until init asks after it.
      if (one.helper && spare) continue;
      stopped.add(`${one.pid}:${one.start}`);
      signalExactly(table, one, "SIGKILL");
    }
    await pause(BETWEEN_PASSES_MS);
  }
}

/**
 * Kills every process that carries the mark: what a program left behind when the process that started it was killed. Finds nothing where the
 * system does not show environments, nor who cleared its own.
 */
export function sweep(mark: string, table: ProcessTable = systemTable): Promise<Swept> {
  if (mark.length < 16) throw new RangeError("A mark is at least 16 characters long, so that it means nobody else.");
  return killUntilEmpty(
    () => table.all().filter((entry) => !entry.ended && entry.pid !== process.pid && carries(table, entry, mark)),
    table,
  );
}
