import type { JobsReply } from "@brains/shell";
import { callVerb } from "../call.ts";
import type { Action, CommandContext } from "../command.ts";
import { usageError } from "../cli-error.ts";
import { nearest } from "@brains/plugin/nearest";
import { completeLine, holdsOf, type CompletionSources } from "../complete-line.ts";
import { COMMANDS } from "./registry.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_brains() {
  local IFS=$'\\n'
  COMPREPLY=($(brains complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _brains brains`,
  zsh: `#compdef brains
_brains() {
  local -a found
  found=("\${(@f)$(brains complete -- "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null | cut -f1)}")
  compadd -a found
}
compdef _brains brains`,
  fish: `function __brains_complete
  set -l words (commandline -opc) (commandline -ct)
  brains complete -- $words[2..-1] 2>/dev/null
end
complete -c brains -f -a '(__brains_complete)'`,
};

const HOW: Readonly<Record<string, string>> = {
  bash: 'eval "$(brains completion bash)"  in ~/.bashrc',
  zsh: 'eval "$(brains completion zsh)"  in ~/.zshrc, after compinit',
  fish: "brains completion fish | source  in ~/.config/fish/config.fish",
};

export const completion: Action = async ({ output }, { args }) => {
  const shell = args[0]!;
  const script = SCRIPTS[shell];
  if (script === undefined) {
    const near = nearest(shell, Object.keys(SCRIPTS));
    throw usageError(
      `There is no completion for ${shell}. ${near === undefined ? "There is: bash, zsh, fish" : `Did you mean ${near}?`}`,
    );
  }
  output.show("completion", { shell, script }, () => [`# ${HOW[shell]}`, ...script.split("\n")]);
  return 0;
};

/** Live values come from the brain; a brain that cannot be opened simply has none. */
function sources(context: CommandContext): CompletionSources {
  return {
    async tools() {
      try {
        const session = await context.session({ plugins: true });
        return session.shell.listTools(session.caller);
      } catch {
        return [];
      }
    },
    async work() {
      try {
        const session = await context.session({ plugins: false });
        const { jobs } = await callVerb<JobsReply>(session, "jobs", { limit: 30 });
        return jobs.map((job) => ({ number: job.number, name: job.label ?? job.type }));
      } catch {
        return [];
      }
    },
    async holds() {
      try {
        return await holdsOf(await context.session({ plugins: false }));
      } catch {
        return { schedules: [], paused: [] };
      }
    },
  };
}

/** `brains complete -- <words>`: one proposal per line, with a remark after a tab. The last word is the one being typed. */
export const complete: Action = async (context, { args }) => {
  const words = args[0] === "--" ? args.slice(1) : args;
  const found = await completeLine(words, COMMANDS, sources(context));
  context.output.show("completions", found, () =>
    found.map(({ value, note }) => (note === undefined ? value : `${value}\t${note}`)),
  );
  return 0;
};
