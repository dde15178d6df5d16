import type { BatchInfo, JobInfo } from "@brains/job-queue/handler";
import type { NextLook } from "./contract.ts";
import { estimate } from "./estimates.ts";
import type { History } from "./estimates.ts";
import { durationText } from "./wording.ts";

/** Seconds. */
const SOONEST = 5;
const LATEST = 600;
const NOT_STARTED = 15;

export interface Looked {
  readonly state: JobInfo["state"] | BatchInfo["status"];
  readonly type?: string | undefined;
  readonly startedAt?: number | undefined;
  readonly current?: number | undefined;
  readonly total?: number | undefined;
  readonly waitingFor?: "input" | undefined;
  readonly history?: History | null | undefined;
}

/** When it pays to look again at work that goes on: from how far it is, how long its kind took before, and else from its age alone. */
export function nextLook(work: Looked, now: number): NextLook {
  const { state, startedAt, waitingFor, history, type = "work of this type" } = work;
  if (waitingFor === "input")
    return { seconds: LATEST, reason: "It waits for input, and goes on when that is sent with shell:send." };
  if (state !== "processing" || startedAt === undefined)
    return { seconds: NOT_STARTED, reason: "It has not started: other work or a free place comes first." };
  const age = Math.max(0, now - startedAt);
  const runs = `It has run for ${durationText(age)}`;
  const guess = estimate(work, now);
  if (guess === undefined) {
    const longer = history && age > history.p90 ? `, longer than nine in ten of ${type} did` : "";
    const reason = `${runs}${longer || ", and how long it takes is not known"}: look again after half as long.`;
    return { seconds: within(age / 2), reason };
  }
  const usual = `${type} takes ${durationText(history?.median ?? 0)} in the median of ${history?.count} runs`;
  const why = guess.source === "rate" ? `at this rate it ends ${guess.text}` : usual;
  return { seconds: within(guess.at - now), reason: `${runs}, and ${why}.` };
}

function within(milliseconds: number): number {
  return Math.min(LATEST, Math.max(SOONEST, Math.round(milliseconds / 1000)));
}
