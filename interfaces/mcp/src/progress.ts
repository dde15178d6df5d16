import type { BatchEvent, JobEvent } from "@brains/shell";
import type { ServerContext } from "@modelcontextprotocol/server";
import { plainText } from "./plain-text.ts";

/** Milliseconds between two notifications of one call. */
const INTERVAL = 200;

interface Reading {
  readonly current: number;
  readonly total: number | undefined;
  readonly message: string;
}

/** Sends the progress of one open call. */
export interface ProgressSender {
  /** Undefined when the client did not ask for progress. */
  readonly onProgress: ((event: JobEvent | BatchEvent) => void) | undefined;
  /** The call is over: sends what was held back, and nothing after that. */
  end(): Promise<void>;
}

/**
 * Turns events into progress notifications. The protocol wants a number that only grows: an event that would not raise it (another job of the
 * call, a second try) is left out. Values in between may be skipped, the last one is always sent.
 */
export function progressSender(context: ServerContext): ProgressSender {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { onProgress: undefined, end: async () => undefined };
  let highest = -1;
  let waiting: Reading | undefined;
  let pause: NodeJS.Timeout | undefined;
  let sent = Promise.resolve();

  const send = (): void => {
    pause = undefined;
    if (!waiting) return;
    const { current: progress, total, message } = waiting;
    waiting = undefined;
    const params = { progressToken, progress, message: plainText(message), ...(total !== undefined && { total }) };
    // A client that left is no reason to stop: the call's signal says so already.
    sent = context.mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
    pause = setTimeout(send, INTERVAL);
  };
  return {
    onProgress(event) {
      const reading = read(event);
      if (!reading || reading.current <= highest) return;
      highest = reading.current;
      waiting = reading;
      if (!pause) send();
    },
    async end() {
      clearTimeout(pause);
      send();
      clearTimeout(pause);
      await sent;
    },
  };
}

function read(event: JobEvent | BatchEvent): Reading | undefined {
  if (event.kind === "batch") {
    const { completedOperations, failedOperations, cancelledOperations, totalOperations, unit, currentOperation } =
      event.batch;
    const current = completedOperations + failedOperations + cancelledOperations;
    const counts = `${current}/${totalOperations} ${unit ?? "jobs"}`;
    return {
      current,
      total: totalOperations,
      message: currentOperation ? `${counts}: ${currentOperation}` : counts,
    };
  }
  const { progress, batchId, label, type } = event.job;
  // Members are counted by their batch.
  if (batchId !== undefined || !progress) return undefined;
  const { current, total, unit, message } = progress;
  const counts = `${current}${total === undefined ? "" : `/${total}`}${unit ? ` ${unit}` : ""}`;
  return { current, total, message: `${label ?? type}: ${message ?? counts}` };
}
