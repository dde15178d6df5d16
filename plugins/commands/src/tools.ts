import { defineTool } from "@brains/plugin";
import type { PluginContext, ProgramJudgement } from "@brains/plugin";
import { commandLine } from "./command-line.ts";
import type { CommandsConfig } from "./config.ts";
import { RefusedError } from "./errors.ts";
import { commandSchema, requestOf, runSchema } from "./input.ts";
import type { runJob } from "./run-job.ts";

const RUN = `Runs a program on the brain's machine as a background job: builds, tests, git, scripts, anything that is installed there. A short one is answered with its end; a longer one goes on, and the answer has its number and the output so far. The job outlives this connection.

Give the program and each argument by itself; no shell reads them. What would need a shell (pipes, &&, globs) is several calls, or a script file that is run.

The brain's policy decides: some commands run at once, most wait until a person approves exactly this command (state waiting_approval), some are refused (POLICY_DENIED, with the rule). Ask \`allowed\` first if it matters. Only a person decides, with \`brains approve <number>\`; tell them the number and go on. There is no need to poll, and asking again with other words does not help.

Everything after the start is the shell's: shell:wait waits for the end, shell:status shows how it stands, shell:logs reads the output page by page, shell:send sends input, shell:cancel stops the program and all its children.

Result: { exitCode, signal, durationMs, outputBytes, tail }. Exit code 0 completes the job; any other fails it with EXIT_CODE and the same fields, a signal with EXIT_SIGNAL. A command is never repeated by itself, not even after a crash.`;

const ALLOWED = `What may run here and under which rule: the rules in their order (the first that matches decides), the folders that commands may work in, the names of variables they may be given, and the risks from which a person is asked or it is refused. With a command: which rule would decide about exactly that command. Nothing runs, and nothing of this can be changed from here.`;

export function commandTools(context: PluginContext<CommandsConfig>, job: ReturnType<typeof runJob>) {
  const run = defineTool({
    name: "run",
    title: "Run a command",
    description: RUN,
    input: runSchema,
    wait: context.config.handOver,
    async run({ timeout = context.config.timeout, ...input }, call) {
      const judgement = await call.programs.judge(requestOf(input));
      if (judgement.outcome === "deny") throw refused(judgement);
      return call.enqueueJob(job, input, {
        label: commandLine(input.command, input.args),
        timeout: Math.ceil(timeout * 1000),
      });
    },
  });
  const allowed = defineTool({
    name: "allowed",
    title: "What may run",
    description: ALLOWED,
    input: commandSchema.partial({ command: true }),
    role: "viewer",
    annotations: { readOnly: true, destructive: false, idempotent: true },
    async run({ command, ...rest }, call) {
      if (command === undefined) return call.programs.policy();
      return { command: commandLine(command, rest.args), ...(await call.programs.judge({ command, ...rest })) };
    },
  });
  return [run, allowed];
}

function refused(judgement: ProgramJudgement): RefusedError {
  const { executable, rule, reasons } = judgement;
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return new RefusedError(
    `The policy refuses to run ${executable}, by ${rule}${why}. Do it another way, or ask the brain's owner to change programs.policy; a model cannot.`,
    judgement,
  );
}
