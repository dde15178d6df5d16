import { AsyncLocalStorage } from "node:async_hooks";
import { JobQueueError } from "./errors.ts";
import type { Ports } from "./ports.ts";
import { milliseconds, oneOf } from "./validate.ts";
import type { Watch } from "./watch.ts";

/** How long a wait may take, and for what. */
export interface WaitOptions {
  /** Milliseconds; then WAIT_TIMEOUT. Default: no limit. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `ended-or-waiting` also returns a job that now waits for a person. */
  readonly until?: "ended" | "ended-or-waiting" | undefined;
}

/** Set while a handler runs, so that a wait which would hold its slot can be refused. */
export const insideHandler = new AsyncLocalStorage<number>();

/** Looks now and after each possible end until `look` returns something. */
export async function waitUntil<T>(
  watch: Watch,
  ports: Ports,
  number: number,
  options: WaitOptions,
  look: () => T | undefined,
): Promise<T> {
  if (insideHandler.getStore() !== undefined) throw new JobQueueError("WAIT_INSIDE_HANDLER");
  if (options.timeout !== undefined) milliseconds("timeout", options.timeout);
  if (options.until !== undefined) oneOf("until", options.until, ["ended", "ended-or-waiting"]);
  return new Promise<T>((resolve, reject) => {
    let cancelTimer = (): void => undefined;
    // Somebody waits, so the process has something to live for.
    const alive = setInterval(() => undefined, 2 ** 30);
    const stop = () => {
      off();
      cancelTimer();
      clearInterval(alive);
      options.signal?.removeEventListener("abort", aborted);
    };
    const aborted = () => {
      stop();
      reject(options.signal?.reason as Error);
    };
    const check = () => {
      try {
        const found = look();
        if (found === undefined) return;
        stop();
        resolve(found);
      } catch (error) {
        stop();
        reject(error);
      }
    };
    const off = watch.onEnd(number, check);
    if (options.signal?.aborted) return aborted();
    options.signal?.addEventListener("abort", aborted, { once: true });
    if (options.timeout !== undefined) {
      cancelTimer = ports.clock.timer(options.timeout, () => {
        stop();
        reject(new JobQueueError("WAIT_TIMEOUT", `#${number} did not end within ${options.timeout} ms. It goes on.`));
      });
    }
    check();
  });
}
