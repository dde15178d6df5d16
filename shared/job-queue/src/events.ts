import mittModule from "mitt";
import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { decodeCursor, encodeCursor } from "./ids.ts";
import type { BatchChange, BatchEvent, JobChange, JobEvent, JobState, QueueEvent } from "./job.ts";
import { EVENT_BATCH, jobWord } from "./store/codes.ts";
import type { Loop } from "./ports.ts";
import type { RawEvent } from "./store/journal.ts";
import { wholeNumber } from "./validate.ts";
import type { Watch } from "./watch.ts";

type Names = { "job-progress": JobEvent; "batch-progress": BatchEvent };
/** Events told in one turn of the event loop. */
const PAGE = 200;
// mitt's declarations say CommonJS, its ESM file is what runs: the default export is the function itself.
const mitt = mittModule as unknown as typeof mittModule.default;

/** What happened to all jobs and batches, in any process, in commit order. The journal is the truth; listeners are told from it. */
export class JobEvents {
  readonly #engine: Engine;
  readonly #watch: Watch;
  readonly #loop: Loop;
  readonly #internalError: (error: unknown, where: string) => void;
  readonly #bus = mitt<Names>();
  #listeners = 0;
  #stop: (() => void) | undefined;

  constructor(engine: Engine, watch: Watch, loop: Loop, internalError: (error: unknown, where: string) => void) {
    this.#engine = engine;
    this.#loop = loop;
    this.#watch = watch;
    this.#internalError = internalError;
  }

  /** Listen from now on. The returned function ends it. A listener that throws is reported and hurts nobody. */
  on<Name extends keyof Names>(name: Name, listener: (event: Names[Name]) => void): () => void {
    const safe = (event: Names[Name]) => {
      try {
        listener(event);
      } catch (error) {
        this.#internalError(error, `a listener of ${name}`);
      }
    };
    if (this.#listeners === 0) {
      this.#stop = this.subscribe({}, (event) => {
        if (event.kind === "job") this.#bus.emit("job-progress", event);
        else this.#bus.emit("batch-progress", event);
      });
    }
    this.#listeners += 1;
    this.#bus.on(name, safe);
    let off = false;
    return () => {
      if (off) return;
      off = true;
      this.#bus.off(name, safe);
      if (--this.#listeners === 0) this.#stop?.();
    };
  }

  /** The position after everything that has happened. */
  async cursor(): Promise<string> {
    return encodeCursor("event", this.#engine.queries.lastSeq());
  }

  /** The next events after a cursor; without one, from the oldest kept. Throws CURSOR_EXPIRED (its data has a fresh cursor), INVALID_CURSOR. */
  async read(
    options: { after?: string | undefined; limit?: number | undefined } = {},
  ): Promise<{ events: QueueEvent[]; cursor: string }> {
    const after = options.after === undefined ? this.#engine.queries.prunedSeq() : this.#position(options.after);
    const limit = options.limit === undefined ? PAGE : wholeNumber("limit", options.limit, 1, 10_000);
    const raw = this.#engine.queries.since(after, limit);
    return { events: this.#hydrate(raw), cursor: encodeCursor("event", raw.at(-1)?.seq ?? after) };
  }

  /**
   * Calls `listener` for each event after the cursor (default: now), in order, without a gap or a repeat, whichever process it happened in.
   * Progress of one job that came faster than it could be told is told as its latest value. The returned function ends it; with `flush` it
   * first tells what has been committed until then.
   */
  subscribe(
    options: { after?: string | undefined },
    listener: (event: QueueEvent) => void,
  ): (how?: { flush: boolean }) => void {
    let position = options.after === undefined ? this.#engine.queries.lastSeq() : this.#position(options.after);
    let stopped = false;
    let going = false;
    const pump = () => {
      if (stopped || going || this.#watch.closed) return;
      const pruned = this.#engine.queries.prunedSeq();
      if (position < pruned) {
        // Only a process that slept longer than events are kept comes here.
        this.#internalError(new JobQueueError("CURSOR_EXPIRED"), "a subscriber");
        position = pruned;
      }
      const raw = this.#engine.queries.since(position, PAGE);
      for (const event of this.#hydrate(raw)) {
        if (stopped) return;
        try {
          listener(event);
        } catch (error) {
          this.#internalError(error, "a subscriber");
        }
      }
      position = raw.at(-1)?.seq ?? position;
      // A long way behind: the event loop turns between pages.
      if (raw.length === PAGE) again();
    };
    const again = () => {
      going = true;
      this.#loop.soon(() => {
        going = false;
        try {
          pump();
        } catch (error) {
          this.#internalError(error, "a subscriber");
        }
      });
    };
    const off = this.#watch.onGrowth(pump);
    if (options.after !== undefined) again();
    return (how) => {
      try {
        // A full page leaves `going` behind.
        if (how?.flush === true)
          do {
            going = false;
            pump();
          } while (going);
      } finally {
        stopped = true;
        off();
      }
    };
  }

  #position(cursor: string): number {
    const position = decodeCursor("event", cursor);
    if (position === undefined) throw new JobQueueError("INVALID_CURSOR", `"${cursor}" is not a cursor of events.`);
    const { queries } = this.#engine;
    if (position < queries.prunedSeq() || position > queries.lastSeq()) {
      throw new JobQueueError("CURSOR_EXPIRED", undefined, {
        data: { cursor: encodeCursor("event", queries.lastSeq()) },
      });
    }
    return position;
  }

  /** Adds the job or batch as it is now. A job's event is followed by one of its batch, whose counts it may have changed. */
  #hydrate(raw: readonly RawEvent[]): QueueEvent[] {
    const { queries } = this.#engine;
    const jobIds = [...new Set(raw.flatMap((event) => (event.kind === EVENT_BATCH ? [] : [event.id])))];
    const jobs = new Map(
      jobIds.length === 0
        ? []
        : queries.jobs({ ids: jobIds, limit: jobIds.length, brief: true }).map((job) => [job.number, job]),
    );
    const batchIds = new Set(raw.flatMap((event) => (event.kind === EVENT_BATCH ? [event.id] : [])));
    for (const job of jobs.values()) if (job.batchNumber !== undefined) batchIds.add(job.batchNumber);
    const batches = new Map(
      batchIds.size === 0
        ? []
        : queries.batches({ ids: [...batchIds], limit: batchIds.size }).map((batch) => [batch.number, batch]),
    );
    return raw.flatMap((event): QueueEvent[] => {
      const common = { cursor: encodeCursor("event", event.seq), at: event.at, run: event.run };
      if (event.kind === EVENT_BATCH) {
        const batch = batches.get(event.id);
        return batch ? [{ kind: "batch", change: event.change as BatchChange, batch, ...common }] : [];
      }
      const job = jobs.get(event.id);
      if (!job) return [];
      const state: JobState = jobWord(event.state);
      const told: QueueEvent[] = [{ kind: "job", change: event.change as JobChange, state, job, ...common }];
      const batch = job.batchNumber === undefined ? undefined : batches.get(job.batchNumber);
      if (batch && (event.change === "started" || event.change === "ended"))
        told.push({ kind: "batch", change: "progress", batch, ...common, run: batch.run });
      return told;
    });
  }
}
