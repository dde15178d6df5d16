import { createHash } from "node:crypto";
import type { ToolReply } from "./contract.ts";
import type { JobQueue } from "@brains/job-queue";

/**
 * Calls with a key. The first one's reply is kept for 7 days and given to every repeat; a repeat of one that never finished (its process died) runs the tool
 * again, and the keys derived for its enqueues make them the same jobs. The same key with another tool or input is refused by the store.
 */
export class RepeatedCalls {
  readonly #queue: JobQueue;
  /** Repeats that arrive while the first one still runs in this process wait for it. */
  readonly #running = new Map<string, { readonly hash: string; readonly reply: Promise<ToolReply> }>();

  constructor(queue: JobQueue) {
    this.#queue = queue;
  }

  async once(
    principal: string,
    key: string,
    request: unknown,
    run: (enqueueKey: string) => Promise<ToolReply>,
  ): Promise<ToolReply> {
    const scope = `call:${principal}`;
    const hash = createHash("sha256").update(canonicalJson(request)).digest("hex");
    const id = `${scope}\n${key}`;
    const running = this.#running.get(id);
    if (running !== undefined && running.hash === hash) return running.reply;
    const reply = this.#begin(scope, key, hash, run);
    if (running === undefined) {
      this.#running.set(id, { hash, reply });
      const forget = () => this.#running.delete(id);
      void reply.then(forget, forget);
    }
    return reply;
  }

  async #begin(
    scope: string,
    key: string,
    hash: string,
    run: (enqueueKey: string) => Promise<ToolReply>,
  ): Promise<ToolReply> {
    const begun = await this.#queue.keys.begin(scope, key, hash);
    if (begun.state === "done") return begun.reply as ToolReply;
    const reply = await run(`${scope}:${key}`);
    await this.#queue.keys.finish(scope, key, hash, reply);
    return reply;
  }
}

/** The same text for the same value, whatever the order of its keys. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? "null"
  );
}
