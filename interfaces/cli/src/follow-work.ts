import type { Operation, StatusReply } from "@brains/shell";
import type { AppSession } from "./app-port.ts";
import { callVerb } from "./call.ts";
import { isActive, needsDecision } from "./render/operations.ts";

export interface FollowWorkOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal: AbortSignal;
  /** End as soon as nothing can go on without a person. */
  readonly stopAtDecision: boolean;
  readonly onChange: (operations: readonly Operation[]) => void;
}

/**
 * Whether nothing moves and somebody is asked. Of a batch other members may be about to start, so there it must hold for a moment before it
 * counts ("perhaps").
 */
function standsStill(operations: readonly Operation[]): "yes" | "perhaps" | "no" {
  const active = operations.filter(isActive);
  const still = active.every((one) => needsDecision(one) && (one.kind === "job" || (one.counts.processing ?? 0) === 0));
  if (!still) return "no";
  return active.every((one) => one.kind === "job") ? "yes" : "perhaps";
}

/** At most ten looks a second however many events come; at least one a second, so that a lost doorbell costs little. */
const SHORTEST = 100;
const LONGEST = 1000;

/** Jobs and batches as they stand now, in the order given. Throws when one does not exist. */
export async function lookAt(session: AppSession, ids: readonly (string | number)[]): Promise<Operation[]> {
  const replies = await Promise.all(ids.map((id) => callVerb<StatusReply>(session, "status", { id })));
  return replies.flatMap((reply) => reply.operations);
}

export interface WorkEnd {
  readonly operations: readonly Operation[];
  readonly because: "ended" | "decision" | "timeout" | "interrupt";
}

/** Look at jobs and batches at every change until they ended. */
export async function followWork(
  session: AppSession,
  ids: readonly (string | number)[],
  options: FollowWorkOptions,
): Promise<WorkEnd> {
  const { signal } = options;
  const end = options.timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.timeout;
  let ring: (() => void) | undefined;
  let rung = false;
  let stillSince: number | undefined;
  const wake = () => {
    rung = true;
    ring?.();
  };
  const unfollow = session.shell.follow(session.caller, wake, { ids });
  signal.addEventListener("abort", wake);
  const pause = (ms: number, wakeable: boolean) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        ring = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (!wakeable) return;
      ring = done;
      if (rung) done();
    });
  try {
    while (true) {
      rung = false;
      const operations = await lookAt(session, ids);
      options.onChange(operations);
      if (!operations.some(isActive)) return { operations, because: "ended" };
      const still = standsStill(operations);
      stillSince = still === "no" ? undefined : (stillSince ?? Date.now());
      const longEnough = still === "yes" || (stillSince !== undefined && Date.now() - stillSince >= LONGEST);
      if (options.stopAtDecision && longEnough) return { operations, because: "decision" };
      if (signal.aborted) return { operations, because: "interrupt" };
      const left = end - Date.now();
      if (left <= 0) return { operations, because: "timeout" };
      await pause(Math.min(SHORTEST, left), false);
      if (!signal.aborted) await pause(Math.min(LONGEST - SHORTEST, Math.max(0, left - SHORTEST)), true);
    }
  } finally {
    unfollow();
    signal.removeEventListener("abort", wake);
  }
}
