import { OutputLog, stripTerminal } from "@brains/process";
import type { OutputPiece } from "@brains/process";
import { newAttemptFolder } from "./folder.ts";

const TAIL_BYTES = 4096;

/** The log of one attempt's programs: output and notes in one order, in files beside the store. */
export class AttemptLog {
  readonly #log: OutputLog;
  #tail: Buffer = Buffer.alloc(0);

  private constructor(log: OutputLog) {
    this.#log = log;
  }

  static async open(
    home: string,
    job: { readonly number: number; readonly run: number; readonly attempt: number },
    keepBytes: number,
  ): Promise<AttemptLog> {
    return new AttemptLog(await OutputLog.open(await newAttemptFolder(home, job), { keepBytes }));
  }

  take({ stream, bytes, at }: OutputPiece): Promise<void> | undefined {
    if (stream !== "note") this.#tail = tailOf(this.#tail, bytes);
    return this.#log.append(stream, bytes, at);
  }

  /** A line of ours. Redacted by the caller. */
  note(text: string): void {
    void this.#log.append("note", Buffer.from(`${text}\n`));
  }

  /** The end of what was written, since this was asked last. */
  takeTail(): string {
    const text = stripTerminal(new TextDecoder().decode(this.#tail));
    this.#tail = Buffer.alloc(0);
    return text;
  }

  /** Resolves when all of it can be read. */
  flush(): Promise<void> {
    return this.#log.flush();
  }

  /** Nothing more comes. */
  close(): Promise<void> {
    return this.#log.close();
  }

  /** The same, and compresses it. */
  finish(): Promise<void> {
    return this.#log.finish();
  }
}

function tailOf(before: Buffer, bytes: Buffer): Buffer {
  if (bytes.length >= TAIL_BYTES) return wholeCharacters(Buffer.from(bytes.subarray(-TAIL_BYTES)));
  const all = Buffer.concat([before, bytes]);
  return all.length > TAIL_BYTES ? wholeCharacters(all.subarray(-TAIL_BYTES)) : all;
}

/** Without the rest of a character at the start. */
function wholeCharacters(bytes: Buffer): Buffer {
  let from = 0;
  while (from < 4 && from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.subarray(from);
}
