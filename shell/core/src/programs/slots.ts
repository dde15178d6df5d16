/** So many programs run at once in this process; further ones wait, in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  get full(): boolean {
    return this.#free === 0;
  }

  /** Returns what gives the slot back. Rejects with the signal's reason when that is aborted first. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let back = () => {
      back = () => {};
      const next = this.#waiting.shift();
      // Handed on, so that nobody who comes later gets in between.
      if (next) next();
      else this.#free++;
    };
    return () => back();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(turn);
    });
  }
}
