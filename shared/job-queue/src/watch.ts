import type { Engine } from "./engine.ts";
import type { Loop } from "./ports.ts";

/** Tells who waits that the store changed: after own commits at once, after foreign ones when the doorbell rings. */
export class Watch {
  readonly #listeners = new Set<() => void>();
  readonly #ended = new Map<number, Set<() => void>>();
  readonly #loop: Loop;
  readonly #internalError: (error: unknown, where: string) => void;
  #scheduled = false;
  #closed = false;

  constructor(engine: Engine, loop: Loop, internalError: (error: unknown, where: string) => void) {
    this.#loop = loop;
    this.#internalError = internalError;
    engine.onCommit((effects) => {
      for (const number of effects.ended) this.#tell(this.#ended.get(number));
      for (const number of effects.waiting) this.#tell(this.#ended.get(number));
      if (effects.grew) this.#later();
    });
  }

  /** Another process committed. */
  foreign(): void {
    for (const listeners of this.#ended.values()) this.#tell(listeners);
    this.#later();
  }

  /** The queue was closed: whoever waits looks once more, and is refused. */
  close(): void {
    this.#closed = true;
    for (const listeners of this.#ended.values()) this.#tell(listeners);
    this.#tell(this.#listeners);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** After any growth of journal, progress or logs; several commits may be told as one. */
  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** When this job or batch may have ended, or may have begun to wait for a person. */
  onEnd(number: number, listener: () => void): () => void {
    const set = this.#ended.get(number) ?? new Set();
    this.#ended.set(number, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#ended.get(number) === set) this.#ended.delete(number);
    };
  }

  #later(): void {
    if (this.#scheduled || this.#listeners.size === 0) return;
    this.#scheduled = true;
    this.#loop.soon(() => {
      this.#scheduled = false;
      this.#tell(this.#listeners);
    });
  }

  #tell(listeners: ReadonlySet<() => void> | undefined): void {
    for (const listener of listeners ?? []) {
      try {
        listener();
      } catch (error) {
        this.#internalError(error, "a listener");
      }
    }
  }
}
