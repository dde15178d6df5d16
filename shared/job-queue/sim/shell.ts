import type { JobQueue } from "../src/queue.ts";
import type { FaultName, PointName, Ports } from "../src/ports.ts";
import type { Chance } from "./chance.ts";

interface Task {
  readonly what: string;
  readonly run: () => void;
}

interface Timer extends Task {
  due: number;
  readonly every: number | undefined;
  cancelled: boolean;
}

/** What a simulated process sees of the world around it. */
export interface Surroundings {
  /** Milliseconds since the beginning, on no clock that anybody can set. */
  elapsed(): number;
  wall(): number;
  point(shell: Shell, name: PointName): void;
  fault(shell: Shell, at: FaultName): void;
  endProcess(start: string): boolean;
}

/** A process of the simulation: an event loop that turns only when the schedule says so, and a queue that knows nothing else. */
export class Shell {
  readonly name: number;
  readonly works: boolean;
  readonly ports: Ports;
  queue: JobQueue | undefined;
  /** Killed, or ended in order: nothing of it runs any more. */
  dead = false;
  /** It was asked to stop. */
  stopping = false;
  /** Its event loop stands still while those of others turn. */
  paused = false;
  /** It will be killed before its next turn. */
  doomed = false;
  readonly failing = { busy: 0, full: 0, "io-undone": 0, "io-done": 0 };
  readonly traps: { point: PointName; left: number; power: boolean }[] = [];
  readonly #around: Surroundings;
  readonly #ready: Task[] = [];
  /** Handlers that may go on, in any order. */
  readonly #gates: Task[] = [];
  readonly #timers = new Set<Timer>();

  constructor(name: number, works: boolean, random: Chance, around: Surroundings) {
    this.name = name;
    this.works = works;
    this.#around = around;
    this.ports = {
      clock: { now: () => around.wall(), timer: (ms, callback) => this.#timer("timer", ms, callback, undefined) },
      random,
      loop: {
        elapsed: () => around.elapsed(),
        soon: (run) => void this.#ready.push({ what: "soon", run }),
        after: (ms, callback) => void this.#timer("after", ms, callback, undefined),
        every: (ms, callback) => this.#timer("every", ms, callback, ms),
        // Every file event is lost: the slower way of hearing of others is the harder one.
        watch: () => () => undefined,
      },
      processes: {
        startOf: () => `shell-${name}`,
        end: async (_pid, start) => around.endProcess(start),
      },
      point: (at) => around.point(this, at),
      fault: (at) => around.fault(this, at),
    };
  }

  get runnable(): boolean {
    return !this.dead && !this.paused && this.#ready.length + this.#gates.length > 0;
  }

  /** A handler waits here until the schedule lets it go on. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#gates.push({ what: "handler", run: resolve });
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer("sleep", ms, resolve, undefined);
    });
  }

  next(choice: Chance): Task {
    const loop = this.#ready.length > 0 ? 1 : 0;
    const at = choice.below(loop + this.#gates.length) - loop;
    return (at < 0 ? this.#ready.shift() : this.#gates.splice(at, 1)[0]) as Task;
  }

  /** When its next timer is due; undefined if it has none, or cannot notice. */
  get due(): number | undefined {
    if (this.dead || this.paused) return undefined;
    let due: number | undefined;
    for (const timer of this.#timers) if (due === undefined || timer.due < due) due = timer.due;
    return due;
  }

  /** Timers that are due become turns of the event loop. */
  ring(): void {
    if (this.dead || this.paused) return;
    const now = this.#around.elapsed();
    const due = [...this.#timers].filter((timer) => timer.due <= now).sort((a, b) => a.due - b.due);
    for (const timer of due) {
      if (timer.every === undefined) this.#timers.delete(timer);
      else timer.due = now + timer.every;
      this.#ready.push({ what: timer.what, run: () => timer.cancelled || timer.run() });
    }
  }

  kill(): void {
    this.dead = true;
    this.#ready.length = 0;
    this.#gates.length = 0;
    this.#timers.clear();
  }

  #timer(what: string, ms: number, run: () => void, every: number | undefined): () => void {
    const timer: Timer = { what, due: this.#around.elapsed() + ms, run, every, cancelled: false };
    this.#timers.add(timer);
    return () => {
      timer.cancelled = true;
      this.#timers.delete(timer);
    };
  }
}
