import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { toJson } from "./validate.ts";

function assertKey(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > 500) {
    throw new JobQueueError(
      "INVALID_OPTION",
      `${name} must be a text of 1 to 500 characters, not ${JSON.stringify(value)}.`,
    );
  }
}

/** Small durable values beside the jobs, by namespace and key. Values are JSON. */
export class KeyValueStore {
  readonly #engine: Engine;
  readonly #maxBytes: number;

  constructor(engine: Engine, maxBytes: number) {
    this.#engine = engine;
    this.#maxBytes = maxBytes;
  }

  async get<T = unknown>(ns: string, key: string): Promise<T | undefined> {
    assertKey("The namespace", ns);
    assertKey("The key", key);
    const json = this.#engine.queries.kvGet({ ns, key });
    return json === undefined ? undefined : (JSON.parse(json) as T);
  }

  /** Throws TOO_LARGE, INVALID_DATA. */
  async set(ns: string, key: string, value: unknown): Promise<void> {
    assertKey("The namespace", ns);
    assertKey("The key", key);
    await this.#engine.submit("kvSet", { ns, key, value: toJson(value, "The value", this.#maxBytes) });
  }

  /** False if there was nothing. */
  async delete(ns: string, key: string): Promise<boolean> {
    assertKey("The namespace", ns);
    assertKey("The key", key);
    return this.#engine.submit("kvDelete", { ns, key });
  }

  /** Every key that starts so, in order, with its value. */
  async list(ns: string, prefix = ""): Promise<{ key: string; value: unknown }[]> {
    assertKey("The namespace", ns);
    if (prefix !== "") assertKey("The prefix", prefix);
    return this.#engine.queries
      .kvList({ ns, prefix })
      .map((row) => ({ key: row.key, value: JSON.parse(row.value) as unknown }));
  }
}

/** Remembers replies by key for 7 days, so that a repeated call gets the first answer. */
export class IdempotencyKeys {
  readonly #engine: Engine;
  readonly #maxBytes: number;

  constructor(engine: Engine, maxBytes: number) {
    this.#engine = engine;
    this.#maxBytes = maxBytes;
  }

  /** `new`: do the work, then `finish`. `pending`: begun before and not finished. Throws IDEMPOTENCY_MISMATCH for another input. */
  async begin(
    scope: string,
    key: string,
    inputHash: string,
  ): Promise<{ state: "new" } | { state: "pending" } | { state: "done"; reply: unknown }> {
    assertKey("The scope", scope);
    assertKey("The idempotency key", key);
    assertKey("The hash", inputHash);
    const found = await this.#engine.submit("keyBegin", { scope, key, hash: inputHash });
    return found.state === "done"
      ? { state: "done", reply: JSON.parse(found.reply) as unknown }
      : { state: found.state };
  }

  /** Keeps the reply, for whoever repeats the call. Throws TOO_LARGE, INVALID_DATA. */
  async finish(scope: string, key: string, inputHash: string, reply: unknown): Promise<void> {
    assertKey("The scope", scope);
    assertKey("The idempotency key", key);
    assertKey("The hash", inputHash);
    const json = toJson(reply, "The reply", this.#maxBytes);
    await this.#engine.submit("keyFinish", { scope, key, hash: inputHash, reply: json });
  }
}
