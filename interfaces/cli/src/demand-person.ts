import { CliError } from "./cli-error.ts";
import { jobAround } from "./inside-job.ts";

/** A program must not be able to approve itself: what a job runs is known by itself or its ancestors, and a pipe is not a person. Throws `NEEDS_TERMINAL`. */
export function demandPerson(env: Readonly<Record<string, string | undefined>>, interactive: boolean): void {
  const job = jobAround(env);
  if (job !== undefined) {
    throw new CliError(
      "NEEDS_TERMINAL",
      `This runs inside job ${job}, and a job cannot answer for a person. Answer in your own terminal.`,
    );
  }
  if (!interactive) {
    throw new CliError(
      "NEEDS_TERMINAL",
      "Answering needs a terminal, so that a person is known to have seen the question. Run it in one.",
    );
  }
}
