// One program from its start to its end: output into the log, input from whoever sends it, and the stop of all of it.
import { failJob } from "@brains/plugin";
import { abortedWith } from "@brains/job-queue/handler";
import type { JobContext, ProgramEnding } from "@brains/plugin";
import { Redactor, startProgram } from "@brains/process";
import type { Ending, Program, ProgramSpec, Stopped, Tier } from "@brains/process";
import { messageOf } from "../errors.ts";
import { count } from "../wording.ts";
import type { AttemptLog } from "./output/attempt-log.ts";
import type { InputReader } from "./input-reader.ts";
import type { ResolvedProgram } from "./resolve.ts";
import type { ProgramSettings } from "./settings.ts";

export interface Run {
  readonly settings: ProgramSettings;
  readonly job: JobContext;
  readonly program: ResolvedProgram;
  /** What is started: the program, or what holds it with the program as its arguments. */
  readonly launch: { readonly file: string; readonly args: readonly string[] };
  readonly tier: Tier;
  readonly mark: string;
  readonly log: AttemptLog;
  readonly input: InputReader;
}

/** Resolves when the program has ended by itself. Its stop, by whatever the job's signal says, throws what the queue adds to the job's end. */
export async function runProgram(run: Run): Promise<ProgramEnding> {
  const { job, log, program } = run;
  job.signal.throwIfAborted();
  let waits = false;
  const started = await startProgram(specOf(run), {
    output: (piece) => {
      job.stillWorking();
      return log.take(piece);
    },
    progress: ({ current, total, unit, message }) => job.progress({ current, total, unit, message }),
    waiting: (now) => {
      waits = now;
      job.waitsForInput(now);
    },
  });
  const over = new AbortController();
  const stopping = stopWithJob(started, run);
  const feeding = feed(started, run, over.signal);
  let ending: Ending;
  try {
    ending = await started.ended;
  } finally {
    over.abort();
    stopping.end();
    if (waits) job.waitsForInput(false);
    await feeding;
    await log.flush();
  }
  const { code, signal, cause, stopped, outputBytes, outputCut, ms } = ending;
  const note = (text: string) => log.note(new Redactor(program.secrets).text(text));
  if (outputCut) note("Somebody who cannot be seen from here still holds the output; it was not waited for.");
  if (stopping.asked) {
    const said = stoppedText(stopped);
    note(`${reasonOf(job.signal)} ${said}`);
    throw abortedWith(said);
  }
  if (cause === "output") {
    note(`It wrote more than ${run.settings.config.killMegabytes} MB. ${stoppedText(stopped)}`);
    throw failJob(
      `It wrote more than the ${run.settings.config.killMegabytes} MB that a program may (programs.killMegabytes). ${stoppedText(stopped)}`,
      { code: "PROGRAM_OUTPUT" },
    );
  }
  if (stopped !== undefined && stopped.stopped > 0) note(`It left processes behind. ${stoppedText(stopped)}`);
  if (started.tier === "group" && stopped?.unseen !== undefined) note(stopped.unseen);
  return { code, signal, durationMs: Math.round(ms), outputBytes, tail: log.takeTail() };
}

function specOf({ settings, job, program, launch, tier, mark }: Run): ProgramSpec {
  const { killMegabytes } = settings.config;
  return {
    ...launch,
    cwd: program.cwd,
    // By this its own `brains` knows that it is inside of a job, and decides nothing.
    env: { ...program.env, BRAINS_JOB: job.id },
    tier,
    mark,
    input: "open",
    secrets: program.secrets,
    killBytes: killMegabytes === undefined ? undefined : killMegabytes * 1024 * 1024,
    grace: settings.grace,
  };
}

/** Stops the program when the job is to end, whatever for. */
function stopWithJob(started: Program, { job, settings }: Run) {
  const state = { asked: false };
  const stop = () => {
    state.asked = true;
    void started.stop({ grace: settings.grace, reason: reasonOf(job.signal) });
  };
  if (job.signal.aborted) stop();
  else job.signal.addEventListener("abort", stop, { once: true });
  return {
    get asked() {
      return state.asked;
    },
    end: () => job.signal.removeEventListener("abort", stop),
  };
}

/** Gives the program its input: what the request says, or else what is sent to the job, in order. */
async function feed(started: Program, { program, input, job }: Run, over: AbortSignal): Promise<void> {
  const { stdin } = program.request;
  if (stdin !== undefined) {
    await started.write(stdin);
    started.endInput();
    return;
  }
  for (;;) {
    const piece = await input.next(over);
    if (piece === "over") return;
    if (piece === null) return started.endInput();
    if (piece.text !== "") {
      job.waitsForInput(false);
      if (!(await started.write(piece.text))) started.note("Input was sent that the program did not read.\n");
    }
    if (piece.eof) return started.endInput();
  }
}

function stoppedText(stopped: Stopped | undefined): string {
  if (stopped === undefined) return "Nothing had to be stopped.";
  const left =
    stopped.left.length === 0
      ? ""
      : ` ${count(stopped.left.length, "process", "processes")} could not be ended: ${stopped.left.join(", ")}.`;
  return `Stopped ${count(stopped.stopped, "process", "processes")}.${left}${stopped.unseen === undefined ? "" : ` ${stopped.unseen}`}`;
}

function reasonOf(signal: AbortSignal): string {
  return messageOf(signal.reason);
}
