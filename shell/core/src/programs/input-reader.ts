import type { InputPiece } from "@brains/job-queue/handler";
import type { JobContext } from "@brains/plugin";

/** The job's input for one program after the other: a piece that was waited for when a program ended is the next one's. */
export class InputReader {
  readonly #job: JobContext;
  #asked: Promise<InputPiece | null> | undefined;

  constructor(job: JobContext) {
    this.#job = job;
  }

  /** The next piece, null at the end of the input, `over` when nobody wants it any more. */
  async next(over: AbortSignal): Promise<InputPiece | null | "over"> {
    if (over.aborted) return "over";
    this.#asked ??= this.#job.readInput();
    const { promise: ended, resolve } = Promise.withResolvers<"over">();
    const end = () => resolve("over");
    over.addEventListener("abort", end, { once: true });
    try {
      const piece = await Promise.race([this.#asked, ended]);
      if (piece !== "over") this.#asked = undefined;
      return piece;
    } catch {
      // The job's own signal: whoever runs the program sees it, too.
      return "over";
    } finally {
      over.removeEventListener("abort", end);
    }
  }
}
