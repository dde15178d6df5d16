import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import type { RequestInfo } from "./job.ts";
import { LONG_TEXT } from "./limits.ts";
import { requireRef, resolveRef } from "./resolve.ts";
import { text } from "./validate.ts";

/** An answer, and who gives it. */
export interface DecideInput {
  readonly choice: string;
  readonly comment?: string | undefined;
  /** What the person saw; refused when the request is about something else. */
  readonly digest?: string | undefined;
  readonly principal?: string | undefined;
  readonly interface?: string | undefined;
}

/** Questions that jobs wait on, and their answers, from any process. */
export class Requests {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Oldest first, at most 1 000. */
  async list(filter: { open?: boolean | undefined; job?: string | number | undefined } = {}): Promise<RequestInfo[]> {
    const job = filter.job === undefined ? undefined : requireRef(this.#engine, filter.job, "job");
    return this.#engine.queries.requests({ open: filter.open, job, limit: 1_000 });
  }

  /** Null if there is none of this number or id. */
  async get(ref: string | number): Promise<RequestInfo | null> {
    const found = resolveRef(this.#engine, ref);
    if (found?.kind !== "request") return null;
    return this.#engine.queries.requests({ ids: [found.number], limit: 1 })[0] ?? null;
  }

  /**
   * Answers a request once. `ref` may also name the job that waits, if it has one open request. Throws REQUEST_NOT_FOUND, ALREADY_DECIDED,
   * INVALID_CHOICE, DIGEST_MISMATCH; then nothing has changed.
   */
  async decide(ref: string | number, input: DecideInput): Promise<RequestInfo> {
    const found = resolveRef(this.#engine, ref);
    let number = found?.kind === "request" ? found.number : undefined;
    if (found?.kind === "job")
      number = this.#engine.queries.requests({ open: true, job: found.number, limit: 1 })[0]?.number;
    if (number === undefined) {
      throw new JobQueueError(
        "REQUEST_NOT_FOUND",
        found ? `#${found.number} has no open request.` : `No request has the id ${JSON.stringify(ref)}.`,
      );
    }
    await this.#engine.submit("decide", {
      id: number,
      choice: input.choice,
      comment: input.comment === "" ? undefined : (text("comment", input.comment, LONG_TEXT) ?? undefined),
      digest: text("digest", input.digest) ?? undefined,
      principal: text("principal", input.principal) ?? undefined,
      interface: text("interface", input.interface) ?? undefined,
    });
    return this.#engine.queries.requests({ ids: [number], limit: 1 })[0] as RequestInfo;
  }
}
