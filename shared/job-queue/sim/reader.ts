import type { JobQueue } from "../src/queue.ts";
import type { JournalEvent } from "./state.ts";

const seqOf = (cursor: string): number => Number.parseInt(cursor.slice(1), 36);

/** Somebody who follows all that happens, and goes on from his cursor in the next process when his own is dead. */
export class Reader {
  readonly #name: string;
  readonly #told: number[] = [];
  #since: number;
  #cursor: string | undefined;

  /** `since` is the last number of the journal. */
  constructor(name: string, since: number) {
    this.#name = name;
    this.#since = since;
  }

  async follow(queue: JobQueue): Promise<void> {
    try {
      this.#cursor ??= await queue.events.cursor();
      this.#subscribe(queue);
    } catch (error) {
      const { code, data } = error as { code?: string; data?: { cursor: string } };
      if (code !== "CURSOR_EXPIRED" || data === undefined) throw error;
      this.#cursor = data.cursor;
      this.#told.length = 0;
      this.#since = seqOf(data.cursor);
      this.#subscribe(queue);
    }
  }

  #subscribe(queue: JobQueue): void {
    queue.events.subscribe({ after: this.#cursor }, (event) => {
      this.#cursor = event.cursor;
      if (event.change !== "progress") this.#told.push(seqOf(event.cursor));
    });
  }

  /** What he was told twice, or in another order, or not at all, of what happened to jobs and batches that are still there. */
  wrong(journal: (after: number) => JournalEvent[], there: (event: JournalEvent) => boolean): string[] {
    const told = this.#told;
    const found: string[] = [];
    for (const [i, seq] of told.entries())
      if (i > 0 && seq <= (told[i - 1] as number)) found.push(`${this.#name} was told ${told[i - 1]} and then ${seq}`);
    const all = new Set(told);
    for (const event of journal(this.#since))
      if (!all.has(event.seq) && there(event)) found.push(`${this.#name} was not told ${event.seq}`);
    return found;
  }
}
