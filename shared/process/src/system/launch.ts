import { MARK_NAME } from "../environment.ts";

/** What holds a program together, from weak to strong. `user-namespace` is `namespace` for those who may not make one as they are. */
export const TIERS = ["group", "user-namespace", "namespace"] as const;
export type Tier = (typeof TIERS)[number];

export const SHELL = "/bin/sh";
export const UNSHARE = "/usr/bin/unshare";
const SETPRIV = "/usr/bin/setpriv";

/** File descriptor of the lifeline in what is launched; the program itself does not get it. */
export const LIFELINE_FD = 3;

/** By this word of its command line the watcher is told from the program's own processes. */
export const watcherName = (mark: string): string => `brains-watch-${mark}`;

// The watcher reads names of signals from the lifeline and sends them; at the end of it, which comes by itself when the process at the other
// end dies in whatever way, everything is killed. It signals "my group" or "my namespace", never a number that may mean somebody else by now.
const GROUP_WATCHER = 'while read -r s <&3; do kill -s "$s" 0; done; kill -s KILL 0';
// As process 1 of the namespace it outlives every signal from inside, and the kernel kills the rest when it ends. It inherits the orphans, whose
// ends interrupt the read: `jobs` takes note of them so that no zombies stay, and c tells the interruption from the end of the lifeline.
const NAMESPACE_WATCHER = `trap "c=1; jobs" CHLD
while :; do c=
  if read -r s <&3; then kill -s "$s" -- -1; elif [ -z "$c" ]; then break; fi
done`;

// The watcher's parent ends at once, so that a program which waits for all its children never waits for the watcher. What it ignores is
// ignored before it exists: the program may signal its group from its first instruction.
const GROUP = `m=$1 o=$2; shift 2
( trap "" HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU
  ${SHELL} -c '${GROUP_WATCHER}' "${watcherName("$m")}" </dev/null >/dev/null 2>&1 & )
export ${MARK_NAME}="$m\${${MARK_NAME}:+ $${MARK_NAME}}"
[ "$o" = apart ] || exec 2>&1
exec "$@" 3>&-`;

// The first child after --pid is process 1 of the new namespace: the watcher. The program becomes its sibling and not process 1, so signals
// have their usual effect on it; \`unshare --fork\` outside is its parent and ends as it ends. What the tools themselves have to say goes
// to the lifeline (2>&3), the program gets its own stderr back.
const NAMESPACE = `m=$1 o=$2 u=$3; shift 3
${SHELL} -c '${NAMESPACE_WATCHER}' "${watcherName("$m")}" </dev/null >/dev/null 2>&1 4>&- &
export ${MARK_NAME}="$m\${${MARK_NAME}:+ $${MARK_NAME}}"
[ "$o" = apart ] || exec 4>&1
exec "$u" --fork --kill-child --mount-proc -- "$@" 3>&-`;
const KEEP_STDERR = 'exec "$@" 4>&2 2>&3';
const RESTORE_STDERR = 'exec "$@" 2>&4 4>&-';

/** Words of unshare up to 2.38 where its child died of SIGKILL, which it cannot repeat on itself. */
export const KILLED_WORDS = "sigprocmask unblock failed";

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

/** What to spawn, in a session of its own and with the lifeline as descriptor 3, so that the program runs in this tier. */
export function launchOf(
  tier: Tier,
  mark: string,
  output: "apart" | "together",
  program: { readonly file: string; readonly args: readonly string[] },
): Launch {
  const command = [program.file, ...program.args];
  if (tier === "group") return { file: SHELL, args: ["-c", GROUP, "brains-launch", mark, output, ...command] };
  const user = tier === "user-namespace";
  const enter = user ? ["--user", "--map-current-user", "--keep-caps"] : [];
  const drop = user ? [SETPRIV, "--ambient-caps=-all", "--inh-caps=-all", "--"] : [];
  const restore = [SHELL, "-c", RESTORE_STDERR, "brains-exec"];
  const inside = [SHELL, "-c", NAMESPACE, "brains-launch", mark, output, UNSHARE, ...drop, ...restore, ...command];
  const outside = ["-c", KEEP_STDERR, "brains-launch", UNSHARE, ...enter, "--pid", "--"];
  return { file: SHELL, args: [...outside, ...inside] };
}
