// What the policy knows of programs, as data. A program that is not here is not taken for harmless: without a rule a person is asked.

export const SHELLS: readonly string[] = words(
  "sh bash bash-static rbash dash ash zsh ksh mksh pdksh oksh yash fish csh tcsh elvish nu xonsh pwsh powershell cmd",
);

/** Options are single letters, which may stand in a cluster, and long ones without their dashes. */
export interface TextOptions {
  readonly letters?: string;
  readonly long?: readonly string[];
  /** First words that mean the same. */
  readonly words?: readonly string[];
}

/** What makes an interpreter take code from its arguments instead of a file. Without a file it takes it from its input. */
export const INTERPRETERS: Readonly<Record<string, TextOptions>> = {
  node: { letters: "epi", long: ["eval", "print", "interactive", "run"], words: ["inspect"] },
  nodejs: { letters: "epi", long: ["eval", "print", "interactive", "run"], words: ["inspect"] },
  bun: { letters: "ep", long: ["eval", "print"], words: ["repl", "exec", "x", "-"] },
  deno: { words: ["eval", "repl"] },
  tsx: { letters: "ep", long: ["eval", "print"] },
  "ts-node": { letters: "epi", long: ["eval", "print", "interactive"] },
  python: { letters: "ci" },
  pypy: { letters: "ci" },
  ipython: { letters: "ci" },
  perl: { letters: "eEnpMm" },
  ruby: { letters: "enp" },
  irb: {},
  php: { letters: "raBRE", long: ["run", "interactive", "process-begin", "process-code", "process-end"] },
  lua: { letters: "ei" },
  luajit: { letters: "ei" },
  tclsh: {},
  expect: { letters: "c" },
  rscript: { letters: "e" },
  r: { letters: "e" },
  julia: { letters: "eEi", long: ["eval", "print"] },
  elixir: { letters: "e", long: ["eval", "rpc-eval"] },
  iex: {},
  erl: { long: ["eval"] },
  ghc: { letters: "e" },
  ghci: {},
  scala: { letters: "e" },
  groovy: { letters: "e" },
  jshell: {},
  osascript: { letters: "e" },
  guile: { letters: "c" },
  emacs: { long: ["eval", "execute", "batch", "funcall"] },
  gdb: { letters: "x", long: ["ex", "eval-command", "init-eval-command"] },
  ed: {},
  ex: { letters: "c" },
  vi: { letters: "cS", long: ["cmd"] },
  vim: { letters: "cS", long: ["cmd"] },
  nvim: { letters: "cS", long: ["cmd", "server", "remote-expr"] },
  sqlite: { long: ["cmd"] },
  psql: { letters: "c", long: ["command"] },
  mysql: { letters: "e", long: ["execute"] },
  m: {},
  bc: {},
};

/** Their first operand is a program in a language of its own, which can run others or write files. */
export const ALWAYS_TEXT: readonly string[] = words("awk gawk mawk nawk original-awk sed gsed ssed");

/** Programs that run what their arguments name. Whatever stands among those is looked at as well. */
export const WRAPPERS: readonly string[] = words(
  `env nohup timeout gtimeout nice ionice chrt taskset setsid setpriv stdbuf unbuffer script sudo doas su runuser pkexec run0 xargs parallel
   find fd fdfind busybox toybox time watch entr flock chroot unshare nsenter bwrap firejail systemd-run start-stop-daemon daemonize strace
   ltrace perf valgrind gdbserver ssh mosh docker podman kubectl lxc tmux screen at batch crontab make gmake ninja npx npm pnpm yarn bunx
   command exec builtin dbus-run-session xvfb-run proot fakeroot fakechroot faketime torsocks proxychains ld.so caffeinate`,
);

/** Options by which programs that look harmless take a command line as text. */
export const RUNS_TEXT: Readonly<Record<string, TextOptions>> = {
  env: { letters: "S", long: ["split-string"] },
  su: { letters: "c", long: ["command", "session-command"] },
  runuser: { letters: "c", long: ["command", "session-command"] },
  sudo: { letters: "si", long: ["shell", "login"] },
  doas: { letters: "s" },
  script: { letters: "c", long: ["command"] },
  flock: { letters: "c", long: ["command"] },
  git: {
    letters: "c",
    long: ["exec-path", "config-env", "upload-pack", "receive-pack", "exec", "ext-diff", "textconv"],
    words: ["bisect", "rebase", "submodule", "filter-branch"],
  },
  tar: {
    letters: "IF",
    long: [
      "checkpoint-action",
      "to-command",
      "use-compress-program",
      "info-script",
      "new-volume-script",
      "rsh-command",
      "rmt-command",
    ],
  },
  rsync: { letters: "e", long: ["rsh", "rsync-path"] },
  ssh: { letters: "oF" },
  scp: { letters: "oSF" },
  sftp: { letters: "oSFb" },
  sort: { long: ["compress-program"] },
  split: { long: ["filter"] },
  rg: { long: ["pre", "hostname-bin"] },
  man: { letters: "PH", long: ["pager", "html"] },
  less: { letters: "+kK", long: ["lesskey-file", "lesskey-src", "lesskey-content"] },
  make: { long: ["eval"] },
  gmake: { long: ["eval"] },
  npx: { letters: "c", long: ["call"] },
  npm: { letters: "c", long: ["call", "script-shell"] },
  pnpm: { letters: "c", long: ["shell-mode"] },
  zip: { letters: "T", long: ["unzip-command"] },
  wget: { letters: "e", long: ["execute", "use-askpass"] },
  nmap: { long: ["script"] },
  tcpdump: { letters: "z" },
  gcc: { long: ["wrapper"] },
};

/** Names of variables that make a program load or run something, or read other files than it says. `*` at the end: any ending. */
export const DANGEROUS_NAMES: readonly string[] = words(
  `PATH IFS ENV BASH_ENV BASH_FUNC_* SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH GLOBIGNORE ZDOTDIR FPATH LD_* DYLD_* GCONV_PATH LOCPATH NLSPATH
   HOSTALIASES RESOLV_HOST_CONF MALLOC_* GLIBC_TUNABLES NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_REPL_*
   BUN_OPTIONS BUN_INSPECT* DENO_* npm_config_* NPM_CONFIG_* pnpm_config_* PNPM_CONFIG_* YARN_* COREPACK_* PYTHON* PIP_* UV_* PERL* RUBYOPT
   RUBYLIB GEM_* BUNDLE_* BUNDLER_* LUA_* LUA_INIT* PHPRC PHP_INI_SCAN_DIR JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH MAVEN_OPTS
   GRADLE_OPTS CARGO_* RUSTC* RUSTFLAGS GOFLAGS GOPROXY GOENV CC CXX LD AR MAKEFLAGS MAKEFILES GNUMAKEFLAGS GIT_* EDITOR VISUAL PAGER MANPAGER
   MANOPT LESS LESSOPEN LESSCLOSE LESSKEY* BROWSER SUDO_* SSH_ASKPASS* SSH_AUTH_SOCK RSYNC_RSH RSYNC_CONNECT_PROG TAR_OPTIONS GZIP ZIPOPT GREP_*
   RIPGREP_CONFIG_PATH WGETRC CURL_HOME OPENSSL_* SSL_CERT_* CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
   DOCKER_* KUBECONFIG TERMINFO* TERMCAP VIMINIT EXINIT INPUTRC XDG_*`,
);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
