import { CliError } from "./cli-error.ts";

/** A program must not be able to approve itself: a job's children carry BRAINS_JOB, and a pipe is not a person. Throws `NEEDS_TERMINAL`. */
export function demandPerson(env: Readonly<Record<string, string | undefined>>, interactive: boolean): void {
  const job = env.BRAINS_JOB ?? "";
  if (job !== "") {
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
