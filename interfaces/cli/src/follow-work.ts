import type { WaitReply } from "@brains/shell";
import type { AppSession } from "./app-port.ts";
import { callVerb } from "./call.ts";
import { isActive, needsDecision } from "./render/operations.ts";

export interface FollowWorkOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal: AbortSignal;
  /** End as soon as nothing can go on without a person. */
  readonly stopAtDecision: boolean;
  readonly onChange: (reply: WaitReply) => void;
}

/** Nothing moves and somebody is asked. Of a batch other members may be about to start, so this must hold for a moment before it counts. */
function standsStill(reply: WaitReply): boolean {
  return reply.operations.every(
    (operation) =>
      !isActive(operation) ||
      (needsDecision(operation) && (operation.kind === "job" || (operation.counts.processing ?? 0) === 0)),
  );
}

/** At most ten looks a second however many events come; at least one a second, so that a lost doorbell costs little. */
const SHORTEST = 100;
const LONGEST = 1000;

/** Look at jobs and batches at every change until they ended. */
export async function followWork(
  session: AppSession,
  ids: readonly (string | number)[],
  options: FollowWorkOptions,
): Promise<{ readonly reply: WaitReply; readonly because: "ended" | "decision" | "timeout" | "interrupt" }> {
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
      const reply = await callVerb<WaitReply>(session, "wait", { ids, timeout: 0 });
      options.onChange(reply);
      if (reply.ended) return { reply, because: "ended" };
      stillSince = standsStill(reply) ? (stillSince ?? Date.now()) : undefined;
      if (options.stopAtDecision && stillSince !== undefined && Date.now() - stillSince >= LONGEST) {
        return { reply, because: "decision" };
      }
      if (signal.aborted) return { reply, because: "interrupt" };
      const left = end - Date.now();
      if (left <= 0) return { reply, because: "timeout" };
      await pause(Math.min(SHORTEST, left), false);
      if (!signal.aborted) await pause(Math.min(LONGEST - SHORTEST, Math.max(0, left - SHORTEST)), true);
    }
  } finally {
    unfollow();
    signal.removeEventListener("abort", wake);
  }
}
