import type { Clock } from "./ports.ts";

/** So long a worker starts nothing beside what it runs, in the hope to be empty for a suspect. */
const PATIENCE_MS = 5_000;
/** A suspect that another worker took in the meantime is not waited for any longer. */
const JOIN_MS = 1_000;
const LONGEST_MS = 3_600_000;

/** What a worker would do for a suspect now: nothing, start it once it is empty, or start it beside what runs. */
export type Seek = "none" | "empty" | "join";

type State = "open" | "emptying" | "join" | "alone" | "others";

/**
 * When a worker runs a suspect, beside which nothing is started. It lets the worker get empty for it, but not for ever: then the suspect joins
 * what runs. Others lose at most half of the time by it: after each turn of a suspect they get as long for themselves, unless none is ready.
 */
export class Isolation {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #state: State = "open";
  #since = 0;
  #cancelTimer = (): void => undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Nothing may be started beside the suspect that runs. */
  get alone(): boolean {
    return this.#state === "alone";
  }

  get seek(): Seek {
    if (this.#state === "join") return "join";
    return this.#state === "open" || this.#state === "emptying" ? "empty" : "none";
  }

  /** A claim has started nothing because a suspect waits for the worker to be empty. */
  emptying(): void {
    if (this.#state !== "open") return;
    this.#since = this.#clock.now();
    this.#enter("emptying", PATIENCE_MS, () => this.#enter("join", JOIN_MS, () => this.#enter("open")));
  }

  /** A suspect was started. Nothing starts beside it for this long, or until it ends; `passed` is called if it gets so far. */
  began(ms: number, passed: () => void): void {
    if (this.#state === "open" || this.#state === "others") this.#since = this.#clock.now();
    this.#enter("alone", ms, () => {
      passed();
      this.#others();
    });
  }

  /** The suspect has ended, and its slot is free. */
  ended(): void {
    if (this.#state !== "alone") return;
    this.#others();
    this.#wake();
  }

  /** The worker has stopped. */
  reset(): void {
    this.#enter("open");
  }

  #others(): void {
    const taken = Math.max(0, this.#clock.now() - this.#since);
    this.#enter("others", Math.min(taken, LONGEST_MS), () => this.#enter("open"));
  }

  #enter(state: State, ms?: number, over?: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    this.#state = state;
    if (ms === undefined || over === undefined) return;
    this.#cancelTimer = this.#clock.timer(ms, () => {
      over();
      this.#wake();
    });
  }
}
