import type { Engine, Result } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import type { InputPiece } from "./handler.ts";
import { INPUT_PIECE, PROGRESS_MS } from "./limits.ts";
import { requireRef } from "./resolve.ts";
import type { ClaimedJob } from "./store/claim.ts";
import type { TakenInput } from "./store/input.ts";
import { invalid, text } from "./validate.ts";

/** Text for a job, the end of its input, or both; and who sends it. */
export interface SendInput {
  /** At most 262 144 characters. */
  readonly text?: string | undefined;
  /** Nothing follows. */
  readonly eof?: boolean | undefined;
  readonly principal?: string | undefined;
  readonly interface?: string | undefined;
}

/** What became of it. */
export interface SentInput {
  /** The job's number. */
  readonly number: number;
  /** Pieces that the job has not read yet, this one included. */
  readonly pending: number;
}

export async function sendInput(engine: Engine, ref: string | number, input: SendInput): Promise<SentInput> {
  if (typeof input !== "object" || input === null) invalid("input", input, "an object with text, eof or both");
  const { eof } = input;
  if (eof !== undefined && typeof eof !== "boolean") invalid("eof", eof, "true or false");
  if (input.text !== undefined && typeof input.text !== "string") invalid("text", input.text, "a text");
  const words = input.text ?? "";
  if (words === "" && eof !== true)
    throw new JobQueueError("INVALID_OPTION", "There is nothing to send: give text, or eof, or both.");
  if (words.length > INPUT_PIECE)
    throw new JobQueueError(
      "TOO_LARGE",
      `The input has ${words.length} characters; at most ${INPUT_PIECE} are sent at once. Send it in pieces.`,
    );
  const number = requireRef(engine, ref, "job");
  const pending = await engine.submit("sendInput", {
    id: number,
    text: words,
    eof: eof === true,
    principal: text("principal", input.principal),
    interface: text("interface", input.interface),
  });
  return { number, pending };
}

export interface InputSetting {
  readonly engine: Engine;
  readonly job: ClaimedJob;
  readonly internalError: (error: unknown, where: string) => void;
  /** A timer that is cancelled with the attempt. */
  readonly timer: (ms: number, callback: () => void) => void;
  readonly lost: () => void;
}

interface Reader {
  readonly resolve: (piece: InputPiece | null) => void;
  readonly reject: (error: unknown) => void;
}

/** The input side of an attempt: whoever reads, in the order of the calls, and whether the work waits for it. */
export class Input {
  readonly #setting: InputSetting;
  readonly #readers: Reader[] = [];
  #asking = false;
  #aborted: Error | undefined;
  #waits = false;
  #stated = false;
  #stating = false;

  constructor(setting: InputSetting) {
    this.#setting = setting;
  }

  get waits(): boolean {
    return this.#waits;
  }

  read(): Promise<InputPiece | null> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (!this.#asking) this.#ask();
    });
  }

  /** Something was asked of a job, perhaps of this one. */
  look(): void {
    const { engine, job } = this.#setting;
    if (this.#readers.length > 0 && !this.#asking && engine.queries.hasInput(job.id, job.run)) this.#ask();
  }

  /** A piece that is on its way out of the store is given still: it will not be there for another attempt. */
  abort(error: Error): void {
    this.#aborted = error;
    if (!this.#asking) this.#refuse(error);
  }

  /** The first change is written at once, those that follow soon after as the latest. */
  state(waits: boolean): void {
    this.#waits = waits;
    if (this.#stating || waits === this.#stated) return;
    this.#stated = waits;
    this.#stating = true;
    const { engine, job, timer, lost, internalError } = this.#setting;
    engine.post("waitsForInput", { id: job.id, fence: job.fence, waits }, (result) => {
      if (!result.ok) internalError(result.error, `a write of #${job.id}`);
      else if (!result.value) lost();
    });
    timer(PROGRESS_MS, () => {
      this.#stating = false;
      this.state(this.#waits);
    });
  }

  #ask(): void {
    this.#asking = true;
    const { engine, job } = this.#setting;
    engine.post("takeInput", { id: job.id, fence: job.fence }, this.#took);
  }

  // A callback of the commit itself, because a reader must be seen to wait by whatever rings after it.
  readonly #took = (result: Result<TakenInput>): void => {
    this.#asking = false;
    if (!result.ok) return this.#refuse(result.error);
    const taken = result.value;
    if (taken.kind === "lost") this.#setting.lost();
    else if (taken.kind === "piece") this.#readers.shift()?.resolve({ text: taken.text, eof: taken.eof });
    else if (taken.kind === "ended") for (const reader of this.#readers.splice(0)) reader.resolve(null);
    if (this.#aborted) return this.#refuse(this.#aborted);
    if (taken.kind === "piece" && this.#readers.length > 0) this.#ask();
  };

  #refuse(error: unknown): void {
    for (const reader of this.#readers.splice(0)) reader.reject(error);
  }
}
