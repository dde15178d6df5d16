import type { Durability, Tools } from "./benchmark.ts";
import type { PeerFolder } from "./peers.ts";

/** One queue (or the baseline) that can be asked to do the same work as the others. */
export interface Contender {
  readonly name: string;
  /** As people know it. */
  readonly label: string;
  /** How it is set up, for the page. */
  readonly settings: string;
  readonly needs: "nothing" | "redis" | "postgres";
  /** The package it is, and where it was installed; the workspace's own have none. */
  readonly peer?: { readonly folder: PeerFolder; readonly name: string } | undefined;
  /** A new, empty store. */
  open(tools: Tools, durability: Durability): Promise<Session>;
}

export interface Session {
  /** One after the other, each acknowledged before the next begins. */
  enqueueOne(count: number): Promise<Timed>;
  /** `per` in each call, each call acknowledged before the next begins. */
  enqueueMany(count: number, per: number): Promise<Timed>;
  /** Runs `count` no-op jobs, which are enqueued before the time starts, until all of them are stored as completed. */
  process(count: number): Promise<Timed>;
  /** Milliseconds from the call that enqueues to the start of the handler, with nothing else to do. Absent where nothing calls a handler. */
  latencies?(samples: number): Promise<number[]>;
  close(): Promise<void>;
}

/** What some work took: milliseconds, and those of them in which this process (with all its threads) had a processor. */
export interface Timed {
  readonly ms: number;
  readonly cpu: number;
}

export async function timed(work: () => Promise<unknown> | void): Promise<Timed> {
  const end = stopwatch();
  await work();
  return end();
}

export function stopwatch(): () => Timed {
  const before = process.cpuUsage();
  const from = performance.now();
  return () => {
    const ms = performance.now() - from;
    const { user, system } = process.cpuUsage(before);
    return { ms, cpu: (user + system) / 1_000 };
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Work in calls of at most `per` items: `call(first, size)`. */
export async function inCalls(
  count: number,
  per: number,
  call: (first: number, size: number) => unknown,
): Promise<void> {
  for (let first = 0; first < count; first += per) await call(first, Math.min(per, count - first));
}

/** What a no-op handler calls; what it means changes with what is measured. */
export class Signal {
  #heard: () => void = () => undefined;

  /** To be called by the handler. */
  readonly ring = (): void => this.#heard();

  /** Resolves when the handler was called `count` times. */
  times(count: number): Promise<void> {
    let left = count;
    return new Promise((resolve) => {
      this.#heard = () => {
        if (--left === 0) resolve();
      };
    });
  }

  /** Enqueues one job after the other, each when the one before has started and a moment has passed. */
  async latencies(samples: number, enqueue: (n: number) => Promise<unknown>): Promise<number[]> {
    const found: number[] = [];
    for (let n = 0; n < samples; n++) {
      const from = performance.now();
      const started = this.times(1).then(() => performance.now());
      await enqueue(n);
      found.push((await started) - from);
      await pause(2);
    }
    return found;
  }
}

/** Asks until the answer is yes: for stores that tell nobody when they are done. */
export async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await pause(1);
}
