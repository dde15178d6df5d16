import type { Writable } from "node:stream";

/** What is sent to a program: in order, as fast as it reads. */
export class Input {
  readonly #pipe: Writable | undefined;

  constructor(pipe: Writable | undefined) {
    this.#pipe = pipe;
    // A program may close its input, or end, while something is on its way.
    pipe?.on("error", () => undefined);
  }

  /** True when the system took all of it, false when the program reads no more. */
  write(text: string | Uint8Array): Promise<boolean> {
    const pipe = this.#pipe;
    if (!pipe?.writable) return Promise.resolve(false);
    return new Promise((resolve) => void pipe.write(text, (error) => resolve(!error)));
  }

  /** After what was written. */
  end(): void {
    if (this.#pipe?.writable) this.#pipe.end();
  }

  /** Nobody reads any more; what waits is dropped. */
  close(): void {
    this.#pipe?.destroy();
  }
}
