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

/**
 * Turns events into progress notifications of an open call, or nothing when the client did not ask for them. The protocol wants a number
 * that only grows: an event that would not raise it (another job of the call, a second try) is left out.
 */
export function progressNotifier(
  context: ServerContext,
  now: () => number = Date.now,
): ((event: JobEvent | BatchEvent) => void) | undefined {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -1;
  let sentAt = -Infinity;
  return (event) => {
    const reading = read(event);
    const ended = event.change === "ended";
    if (!reading || reading.current <= last || (!ended && now() - sentAt < INTERVAL)) return;
    last = reading.current;
    sentAt = now();
    const { current: progress, total, message } = reading;
    const params = { progressToken, progress, message: plainText(message), ...(total !== undefined && { total }) };
    // A client that left is no reason to stop: the call's signal says so already.
    context.mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}

function read(event: JobEvent | BatchEvent): Reading | undefined {
  if (event.kind === "batch") {
    const { completedOperations, failedOperations, cancelledOperations, totalOperations, unit, currentOperation } =
      event.batch;
    const current = completedOperations + failedOperations + cancelledOperations;
    const counts = `${current}/${totalOperations} ${unit ?? "jobs"}`;
    return { current, total: totalOperations, message: currentOperation ? `${counts}: ${currentOperation}` : counts };
  }
  const { progress, batchId, label, type } = event.job;
  if (batchId !== undefined || !progress) return undefined;
  const { current, total, unit, message } = progress;
  const counts = `${current}${total === undefined ? "" : `/${total}`}${unit ? ` ${unit}` : ""}`;
  return { current, total, message: `${label ?? type}: ${message ?? counts}` };
}
