// What a person sees while set-up works: one moving line on a terminal, plain lines elsewhere. Always on stderr.
// @ts-check

const TICK_MS = 500;
const PLAIN_EVERY_MS = 15_000;

export class SetupProgress {
  #stream;
  #now;
  #startedAt;
  #nextPlainAt = 0;
  #phase = "";
  #detail = "";
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {Pick<NodeJS.WriteStream, "isTTY" | "columns" | "write">} stream */
  constructor(stream, now = Date.now) {
    this.#stream = stream;
    this.#now = now;
    this.#startedAt = now();
  }

  /** @param {string} text */
  phase(text) {
    this.#phase = text;
    this.#detail = "";
    this.#nextPlainAt = this.#now() + PLAIN_EVERY_MS;
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
    if (this.#stream.isTTY) this.tick();
    else this.#stream.write(`brains: set-up: ${text}\n`);
  }

  /** @param {string} text */
  detail(text) {
    this.#detail = `: ${text}`;
  }

  tick() {
    const line = `brains: set-up ${this.#elapsed()}: ${this.#phase}${this.#detail}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
    } else if (this.#now() >= this.#nextPlainAt) {
      this.#nextPlainAt += PLAIN_EVERY_MS;
      this.#stream.write(`${line}\n`);
    }
  }

  /** @param {string} [text] a last line that stays */
  end(text) {
    clearInterval(this.#timer);
    if (this.#stream.isTTY && this.#timer) this.#stream.write("\r\x1b[K");
    if (text) this.#stream.write(`brains: ${text}\n`);
  }

  done() {
    this.end(`set-up done in ${this.#elapsed()}`);
  }

  #elapsed() {
    return `${Math.round((this.#now() - this.#startedAt) / 1000)} s`;
  }
}
