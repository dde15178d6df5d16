import { MASK, type Redactor } from "./redact.ts";

/**
 * Masks secrets in a stream of bytes, also where one is split over chunks. It holds back what may be the beginning of a secret until the next
 * chunk decides, and nothing else, so a prompt is seen at once. It never holds more than the longest secret.
 */
export class RedactingStream {
  readonly #redactor: Redactor;
  #held = "";
  /** So many of the held bytes belong to a secret for which the mask was already given out. */
  #covered = 0;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  push(chunk: Buffer): Buffer {
    if (!this.#redactor.active) return chunk;
    const bytes = this.#held + chunk.toString("latin1");
    const found = this.#redactor.find(bytes);
    const open = this.#redactor.openAt(bytes);
    if (found.length === 0 && this.#held === "" && open === bytes.length) return chunk;
    return this.#release(bytes, found, open);
  }

  /** What is still held, at the end of the stream. */
  end(): Buffer {
    return this.#release(this.#held, this.#redactor.find(this.#held), this.#held.length);
  }

  #release(bytes: string, found: readonly [from: number, to: number][], open: number): Buffer {
    let result = "";
    let covered = this.#covered;
    let done = Math.min(covered, open);
    for (const [from, to] of found) {
      if (from >= covered) {
        // It is found again with the next chunk, which may show that it is longer.
        if (from >= open) break;
        result += bytes.slice(done, from) + MASK;
      }
      covered = Math.max(covered, to);
      done = Math.min(covered, open);
    }
    result += bytes.slice(done, open);
    this.#held = bytes.slice(open);
    this.#covered = Math.max(0, covered - open);
    return Buffer.from(result, "latin1");
  }
}
