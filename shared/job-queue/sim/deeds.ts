import type { JobContext } from "../src/handler.ts";
import type { Deed } from "./action.ts";
import type { Shell } from "./shell.ts";
import { waitedFor } from "./state.ts";

export interface Work {
  readonly script: readonly Deed[];
}

/** One invocation of a handler. */
export interface Invocation {
  readonly job: number;
  readonly fence: number;
  readonly shell: Shell;
  /** What it came to; undefined while it runs. */
  outcome: string | undefined;
  /** Since when it is asked to end, and why. */
  asked: { readonly at: number; readonly why: string } | undefined;
}

/** What a queue's own module gives to handlers: of the copy under test. */
export interface Signals {
  cancelJob(): Error;
  failJob(message: string): Error;
  snoozeJob(ms: number): Error;
}

/** Does as the script says. The result names the attempt, so that a result of another can be told. */
export async function perform(
  { cancelJob, failJob, snoozeJob }: Signals,
  invocation: Invocation,
  deed: Deed,
  job: JobContext,
  healed: Promise<void>,
): Promise<unknown> {
  const { shell } = invocation;
  const result = { run: job.run, token: invocation.fence };
  const come = (outcome: string): void => {
    invocation.outcome = outcome;
  };
  await shell.turn();
  job.progress({ current: 1 });
  switch (deed) {
    case "slow":
      await shell.sleep(300);
      break;
    case "throw":
      come("throw");
      throw new Error("thrown");
    case "fail":
      come("fail");
      throw failJob("failed");
    case "unsuccessful":
      come("throw");
      return { success: false };
    case "cancel":
      come("cancel");
      throw cancelJob();
    case "snooze":
      come("snooze");
      throw snoozeJob(700);
    case "sleep":
      come("sleep");
      await job.sleep(900);
      break;
    case "wait":
      come("wait");
      if (job.number > 1) await job.waitFor(String(waitedFor(job.number)));
      break;
    case "ask":
      come("ask");
      await job.requestDecision({ question: "Go on?", expiresIn: 60_000 });
      break;
    case "step":
      come("step");
      await job.step("half", () => shell.turn());
      come("throw");
      throw new Error("after a step");
    case "add":
      come("add");
      await job.addToBatch([{ type: "op", data: { script: [] } satisfies Work }]);
      break;
    case "late":
      // Deaf to its signal, as code is that waits for something else.
      await Promise.race([shell.sleep(2_500), healed]);
      break;
    case "hang":
      await Promise.race([healed, new Promise((resolve) => job.signal.addEventListener("abort", resolve))]);
      break;
    case "complete":
      break;
  }
  await shell.turn();
  come("complete");
  return result;
}
