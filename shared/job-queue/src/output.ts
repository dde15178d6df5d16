import { JobQueueError } from "./errors.ts";
import type { Engine, Result } from "./engine.ts";
import type { LogStream, Progress } from "./job.ts";
import { DETAILS_BYTES, LOG_ATTEMPT, LOG_MS, LOG_PIECE, PROGRESS_MS, SHORT_TEXT } from "./limits.ts";
import type { Clock } from "./ports.ts";
import { toJson } from "./validate.ts";

export interface OutputSetting {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly held: { id: number; fence: number };
  readonly type: string;
  readonly internalError: (error: unknown, where: string) => void;
  /** A timer that is cancelled with the attempt. */
  readonly timer: (ms: number, callback: () => void) => void;
  /** A write changed nothing: the attempt was taken over. */
  readonly lost: () => void;
}

/** What a handler states while it runs, gathered so that a talkative one costs a few writes a second. */
export class Output {
  readonly #setting: OutputSetting;
  #progress: Progress | undefined;
  #progressTimer = false;
  #lines: { at: number; stream: LogStream; text: string }[] = [];
  #lineTimer = false;
  #logged = 0;

  constructor(setting: OutputSetting) {
    this.#setting = setting;
  }

  /** What cannot be stored is dropped: a slip in a statement about the work must not fail the work. */
  progress(progress: Progress): void {
    if (typeof progress?.current !== "number" || !Number.isFinite(progress.current)) {
      this.#setting.internalError(
        new JobQueueError("INVALID_OPTION", "progress needs a finite number `current`."),
        `progress of ${this.#setting.type}`,
      );
      return;
    }
    const waiting = this.#progress !== undefined || this.#progressTimer;
    this.#progress = progress;
    if (!waiting) this.#sendProgress();
  }

  log(text: string, stream: LogStream = "note"): void {
    if (this.#logged > LOG_ATTEMPT) return;
    const at = this.#setting.clock.now();
    const words = typeof text === "string" ? text : String(text);
    const into = STREAMS.includes(stream) ? stream : "note";
    for (let from = 0; from === 0 || from < words.length;) {
      const piece = words.slice(from, endOfPiece(words, from));
      from += Math.max(1, piece.length);
      this.#logged += piece.length;
      this.#lines.push({ at, stream: into, text: piece });
      if (this.#logged <= LOG_ATTEMPT) continue;
      this.#lines.push({ at, stream: "note", text: "The log is full; what this attempt still writes is not kept." });
      break;
    }
    if (this.#lineTimer) return;
    this.#lineTimer = true;
    this.#setting.timer(LOG_MS, () => {
      this.#lineTimer = false;
      this.#sendLines();
    });
  }

  /** Submits what was stated and not written yet. Order of submission is order of commit, so it lands before what follows. */
  flush(): void {
    this.#writeProgress();
    this.#sendLines();
  }

  #sendProgress(): void {
    this.#writeProgress();
    this.#progressTimer = true;
    this.#setting.timer(PROGRESS_MS, () => {
      this.#progressTimer = false;
      if (this.#progress !== undefined) this.#sendProgress();
    });
  }

  #writeProgress(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    this.#progress = undefined;
    let details: string | null = null;
    try {
      if (progress.details !== undefined) details = toJson(progress.details, "Progress details", DETAILS_BYTES);
    } catch (error) {
      this.#setting.internalError(error, `progress of ${this.#setting.type}`);
    }
    const { current, total, unit, message } = progress;
    const stated = {
      current,
      total: typeof total === "number" && Number.isFinite(total) ? total : undefined,
      unit: shortText(unit),
      message: shortText(message),
    };
    const { engine, held } = this.#setting;
    engine.post("progress", { ...held, progress: stated, details }, this.#kept);
  }

  #sendLines(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    const { engine, held } = this.#setting;
    engine.post("log", { ...held, lines }, this.#kept);
  }

  readonly #kept = (result: Result<boolean>): void => {
    if (!result.ok) this.#setting.internalError(result.error, `a write of #${this.#setting.held.id}`);
    else if (!result.value) this.#setting.lost();
  };
}

const STREAMS: readonly string[] = ["stdout", "stderr", "note"] satisfies LogStream[];

const shortText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.slice(0, SHORT_TEXT) : undefined;

/** Where a piece of a line that starts here ends: never between the halves of a surrogate pair. */
function endOfPiece(text: string, from: number): number {
  const end = from + LOG_PIECE;
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}
