// How risky a program is, from 0 to 100. The rules are data; there is one scorer.

/** What was found out about a program, for the risk. */
export type Fact =
  | "inline"
  | "shell"
  | "wrapper"
  | "code"
  | "bwrap"
  | "network"
  | "quickjs"
  | "environment"
  | "dangerous-environment"
  | "outside"
  | "protected"
  | "changeable-executable"
  | "odd-characters";

interface RiskRule {
  readonly when: {
    readonly programs?: string;
    /** One of the arguments fits, as a whole. */
    readonly argument?: RegExp;
    readonly fact?: Fact;
  };
  readonly points: number;
  readonly reason: string;
}

const RISK_RULES: readonly RiskRule[] = [
  { when: { fact: "inline" }, points: 40, reason: "runs code that is given as text" },
  { when: { fact: "shell" }, points: 10, reason: "is a shell" },
  { when: { fact: "wrapper" }, points: 10, reason: "runs what its arguments name" },
  { when: { fact: "code" }, points: 40, reason: "is code written by whoever asks" },
  { when: { fact: "quickjs" }, points: -40, reason: "has no access to anything (quickjs)" },
  { when: { fact: "bwrap" }, points: -30, reason: "sees a read-only system (bwrap)" },
  { when: { fact: "network" }, points: 20, reason: "asks for the network" },
  { when: { fact: "environment" }, points: 10, reason: "gets values of the config by name" },
  {
    when: { fact: "dangerous-environment" },
    points: 40,
    reason: "asks for variables that make programs load or run something",
  },
  { when: { fact: "outside" }, points: 20, reason: "names a path outside of the working folders" },
  { when: { fact: "protected" }, points: 40, reason: "names the brain's own files" },
  {
    when: { fact: "changeable-executable" },
    points: 20,
    reason: "its file lies in a working folder, so jobs may have written it",
  },
  { when: { fact: "odd-characters" }, points: 20, reason: "has control or invisible characters among its arguments" },
  { when: { programs: "sudo doas su pkexec run0 runuser setpriv" }, points: 50, reason: "acts as another user" },
  { when: { programs: "rm rmdir unlink shred srm truncate" }, points: 30, reason: "removes files" },
  {
    when: { programs: "rm", argument: /-[a-zA-Z]*[rR][a-zA-Z]*|--recursive/ },
    points: 30,
    reason: "removes whole folders",
  },
  {
    when: { programs: "find fd", argument: /-delete|-exec(dir)?|-ok(dir)?|-fprint.*|-fls|-[xX]|--exec(-batch)?/ },
    points: 40,
    reason: "removes, writes or runs what it finds",
  },
  { when: { programs: "mv cp ln install rsync tee dd touch mkdir patch" }, points: 20, reason: "writes files" },
  {
    when: { programs: "dd mkfs fdisk parted mount umount swapon wipefs losetup cryptsetup" },
    points: 50,
    reason: "works on disks",
  },
  { when: { programs: "chmod chown chgrp chattr setfacl setcap" }, points: 30, reason: "changes rights" },
  {
    when: { programs: "kill killall pkill shutdown reboot halt poweroff systemctl service launchctl" },
    points: 40,
    reason: "stops or starts other programs",
  },
  { when: { programs: "crontab at batch" }, points: 40, reason: "makes something run later, out of sight" },
  {
    when: { programs: "useradd userdel usermod passwd visudo groupadd chpasswd" },
    points: 60,
    reason: "changes users",
  },
  { when: { programs: "curl wget nc ncat netcat socat telnet ftp" }, points: 20, reason: "talks to the network" },
  { when: { programs: "ssh scp sftp rsync mosh" }, points: 20, reason: "may act on another machine" },
  {
    when: { programs: "docker podman kubectl lxc nerdctl ctr" },
    points: 40,
    reason: "starts containers, which may reach the whole system",
  },
  {
    when: { programs: "npm npx pnpm yarn bunx pip pipx uv uvx gem cargo go composer" },
    points: 20,
    reason: "may fetch and run code of others",
  },
  {
    when: { programs: "apt apt-get dpkg yum dnf rpm apk pacman brew snap" },
    points: 40,
    reason: "changes the system's programs",
  },
  {
    when: { programs: "git", argument: /push|--force|-f|reset|clean|filter-branch/ },
    points: 20,
    reason: "may throw work away or publish it",
  },
  { when: { programs: "sed gsed", argument: /-[a-zA-Z]*i.*|--in-place.*/ }, points: 20, reason: "writes files" },
  { when: { programs: "brains" }, points: 50, reason: "steers this or another brain" },
];

/** What nobody knows anything about is not harmless. */
const UNKNOWN = 20;

export function riskOf(
  names: ReadonlySet<string>,
  args: readonly string[],
  facts: ReadonlySet<Fact>,
  known: boolean,
): { readonly risk: number; readonly reasons: readonly string[] } {
  const matching = RISK_RULES.filter(
    ({ when: { programs, argument, fact } }) =>
      (programs === undefined || programs.split(" ").some((name) => names.has(name))) &&
      (argument === undefined || args.some((each) => fits(argument, each))) &&
      (fact === undefined || facts.has(fact)),
  );
  const start = known || facts.has("quickjs") || matching.some((rule) => rule.points > 0) ? 0 : UNKNOWN;
  const points = matching.reduce((sum, rule) => sum + rule.points, start);
  const reasons = matching.map((rule) => rule.reason);
  return {
    risk: Math.min(100, Math.max(0, points)),
    reasons: start === 0 ? reasons : ["nothing is known of this program", ...reasons],
  };
}

function fits(pattern: RegExp, text: string): boolean {
  return pattern.exec(text)?.[0] === text;
}
