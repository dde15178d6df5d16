import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

const KEPT_WORDS = 4096;
const LONGEST_END_MS = 1_000;

/**
 * Our end of the watcher's pipe. The watcher kills what it holds when this end closes, which the kernel does for us if this process dies. So
 * no other process may ever get a copy of it.
 */
export class Lifeline {
  readonly #socket: Duplex;
  readonly #closed: Promise<unknown>;
  #words = "";

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
    // The other end may be gone at any time, and then there is nobody left to tell.
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (this.#words.length < KEPT_WORDS) this.#words += chunk.toString("utf8");
    });
  }

  /** What the tools had to say that hold the program, e.g. why they could not start it. */
  get words(): string {
    return this.#words;
  }

  /** Asks the watcher to send a signal to all it holds. */
  signal(name: "TERM" | "CONT"): void {
    if (this.#socket.writable) this.#socket.write(`${name}\n`);
  }

  /** The watcher kills what is left, and ends. */
  cut(): void {
    this.#socket.end();
  }

  /** Resolves when nobody holds the other end any more, so that all words are read; or soon after, if somebody does. */
  async over(): Promise<void> {
    this.cut();
    await Promise.race([this.#closed, pause(LONGEST_END_MS, undefined, { ref: false })]);
    this.#socket.destroy();
  }
}
