import type { Readable } from "node:stream";
import { endOfCharacters } from "./characters.ts";
import { ProgressReader, type StatedProgress } from "./progress.ts";
import { RedactingStream } from "./redact-stream.ts";
import type { Redactor } from "./redact.ts";

export type OutputStream = "stdout" | "stderr" | "note";

export interface OutputPiece {
  readonly stream: OutputStream;
  /** When it was read, in milliseconds since the epoch. */
  readonly at: number;
  /** Redacted. Never ends inside a character, if the program writes UTF-8. */
  readonly bytes: Buffer;
}

export interface PumpSetting {
  readonly stream: OutputStream;
  readonly redactor: Redactor;
  /** How many of so many bytes may pass. */
  readonly allow: (bytes: number) => number;
  /** While it is not done, nothing more is read: the program waits in its write. */
  readonly output: (piece: OutputPiece) => void | Promise<void>;
  readonly progress: (stated: StatedProgress) => void;
  readonly waiting: (waits: boolean) => void;
  readonly failed: (error: unknown) => void;
}

/** Carries one stream of a program from its pipe to the sink. */
export class Pump {
  readonly #source: Readable;
  readonly #setting: PumpSetting;
  readonly #redacting: RedactingStream;
  readonly #reader = new ProgressReader();
  readonly #closed = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #partial: Buffer = Buffer.alloc(0);
  #last: Promise<void> | undefined;
  #heardAt = performance.now();
  #ended = false;
  #waiting = false;
  /** What was read, before anything was done to it. */
  bytes = 0;

  constructor(source: Readable, setting: PumpSetting) {
    this.#source = source;
    this.#setting = setting;
    this.#redacting = new RedactingStream(setting.redactor);
    source.on("data", (chunk: Buffer) => this.#read(chunk));
    source.on("error", () => this.#end());
    source.on("end", () => this.#end());
    source.on("close", () => this.#end());
  }

  /** Resolves when nobody writes to it any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves when all that was read has reached the sink and no more comes. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** How long nothing came although it was waited for, in milliseconds; endless when it is closed. */
  get quiet(): number {
    if (this.#ended) return Infinity;
    return this.#last ? 0 : performance.now() - this.#heardAt;
  }

  /** Reads no more, whoever still writes. */
  cut(): void {
    this.#source.destroy();
  }

  #read(chunk: Buffer): void {
    this.#heardAt = performance.now();
    this.bytes += chunk.length;
    const allowed = this.#setting.allow(chunk.length);
    if (allowed > 0) this.#give(this.#redacting.push(allowed < chunk.length ? chunk.subarray(0, allowed) : chunk));
  }

  #give(redacted: Buffer, last = false): void {
    const all = this.#partial.length > 0 ? Buffer.concat([this.#partial, redacted]) : redacted;
    const end = last ? all.length : endOfCharacters(all);
    this.#partial = all.subarray(end);
    if (end === 0) return;
    const bytes = all.subarray(0, end);
    try {
      this.#tell(this.#reader.push(bytes));
      const taken = this.#setting.output({ stream: this.#setting.stream, at: Date.now(), bytes });
      if (taken) this.#wait(taken);
    } catch (error) {
      this.#setting.failed(error);
    }
  }

  #tell(stated: StatedProgress | undefined): void {
    if (stated) this.#setting.progress(stated);
    const { waiting } = this.#reader;
    if (waiting !== this.#waiting) this.#setting.waiting(waiting);
    this.#waiting = waiting;
  }

  #wait(taken: Promise<void>): void {
    this.#source.pause();
    const mine = taken.catch(this.#setting.failed).then(() => {
      if (this.#last !== mine) return;
      this.#last = undefined;
      this.#heardAt = performance.now();
      this.#source.resume();
    });
    this.#last = mine;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#closed.resolve();
    this.#give(this.#redacting.end(), true);
    this.#tell(this.#reader.end());
    void (this.#last ?? Promise.resolve()).then(this.#done.resolve);
  }
}
