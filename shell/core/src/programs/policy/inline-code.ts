// Whether a program gets code as text: a shell, an interpreter told to take it from an argument or its input, and wrappers around them.
import { basename } from "node:path";
import { ALWAYS_TEXT, INTERPRETERS, RUNS_TEXT, SHELLS, WRAPPERS } from "./known-programs.ts";
import type { TextOptions } from "./known-programs.ts";
import { placeIn } from "./places.ts";
import type { PolicySystem } from "./places.ts";

/** More arguments than these are not looked up one by one. */
const MOST_LOOKED_AT = 100;

const SCRIPT = /\.(?:sh|bash|py|rb|pl|php|lua|[cm]?[jt]s|jar|exe|cmd|bat)$/;

/** `python3.12-dbg` → `python`, `vim.basic` → `vim`. Both names of a program count: its file's, and the one that it is called by. */
export function namesOf(...paths: readonly string[]): ReadonlySet<string> {
  const names = paths.flatMap((path) => {
    const name = basename(path)
      .toLowerCase()
      .replace(/\.exe$/, "");
    if (/^ld(?:-linux|-musl|64)?[-.].*so/.test(name)) return ["ld.so"];
    const plain = SCRIPT.test(name) ? name : name.slice(0, (name + ".").indexOf("."));
    return [name, plain, /^[a-z_+-]+?(?=[-_]?\d)/.exec(plain)?.[0] ?? plain];
  });
  return new Set(names.filter((name) => name !== ""));
}

export interface Look {
  readonly system: PolicySystem;
  readonly cwd: string;
}

/** Why it counts as code given as text; undefined if it does not. */
export function inlineReason(names: ReadonlySet<string>, args: readonly string[], look: Look): string | undefined {
  const own = ownReason(names, args, look);
  if (own !== undefined || !hasAny(names, WRAPPERS)) return own;
  if (args.length > MOST_LOOKED_AT) return "it runs what its arguments name, and they are too many to look at";
  for (const [at, argument] of args.entries()) {
    // sh, /tmp/link-to-sh, --to=sh and ;sh are all looked at as sh.
    const word = argument.slice(argument.lastIndexOf("=") + 1);
    if (word === "" || word.startsWith("-")) continue;
    const inner = namesOf(
      word,
      look.system.findExecutable(word.includes("/") ? placeIn(look.cwd, word) : word) ?? word,
    );
    const reason =
      ownReason(inner, args.slice(at + 1), look) ?? (hasAny(inner, SHELLS) ? "it runs a shell" : undefined);
    if (reason !== undefined) return `${reason} (${JSON.stringify(argument)} among its arguments)`;
  }
  return undefined;
}

function ownReason(names: ReadonlySet<string>, args: readonly string[], look: Look): string | undefined {
  if (hasAny(names, SHELLS) && !isScript(args[0], look)) return "a shell gets its commands as text or from its input";
  if (hasAny(names, ALWAYS_TEXT) && !isQuestion(args) && !args.includes("--sandbox"))
    return "its first argument is code of its own";
  for (const name of names) {
    const interpreter = INTERPRETERS[name];
    const reason = interpreter && interpreterReason(interpreter, args, look);
    if (reason !== undefined) return reason;
    const text = RUNS_TEXT[name] && textOption(RUNS_TEXT[name], args, name === "tar");
    if (text !== undefined) return `the argument ${JSON.stringify(text)} makes it run a command line`;
  }
  return undefined;
}

function interpreterReason(interpreter: TextOptions, args: readonly string[], look: Look): string | undefined {
  if (isQuestion(args)) return undefined;
  const first = args[0];
  if (first !== undefined && interpreter.words?.includes(first)) return "an interpreter gets its code as text";
  // With a file first, what follows is the file's. With an option first nobody knows here which of the words is the file, so all are looked at.
  if (isScript(first, look)) return undefined;
  if (textOption(interpreter, args, false) !== undefined) return "an interpreter gets its code as text";
  if (args.some((argument) => /(^|=)data:/.test(argument))) return "an interpreter gets its code as text";
  if (args.some((argument, at) => args[at - 1] === "-m" && CODE_MODULES.has(argument)))
    return "a module runs code given as text";
  return args.some((argument) => isScript(argument, look))
    ? undefined
    : "an interpreter without a file gets its code from its input";
}

const CODE_MODULES = new Set(["code", "timeit", "pdb", "asyncio", "cProfile", "profile", "trace", "runpy", "IPython"]);

/** The first argument that is one of these options: in a cluster, with a value, or shortened. */
function textOption(options: TextOptions, args: readonly string[], bare: boolean): string | undefined {
  const { letters = "", long = [], words = [] } = options;
  return args.find((argument, at) => {
    if (words.includes(argument)) return true;
    const [, dashes, name] = /^(--?|\+)?([^=]*)/.exec(argument) ?? [];
    if (dashes === "+") return letters.includes("+");
    if (dashes === undefined) return bare && at === 0 && [...letters].some((letter) => argument.includes(letter));
    if (name === undefined || name === "") return false;
    // -eval is one of erl's and gdb's, --eval one of node's, --to-c one of tar's.
    if (long.some((option) => option.startsWith(name)) && (dashes === "--" || long.includes(name))) return true;
    return dashes === "-" && [...letters].some((letter) => name.includes(letter));
  });
}

/** A file as the first argument: no option, and not the input by another name. */
function isScript(argument: string | undefined, { system, cwd }: Look): boolean {
  if (argument === undefined || /^(?:[-+]|$|data:)/.test(argument)) return false;
  const place = system.realPlace(placeIn(cwd, argument));
  return place !== undefined && !/^\/(?:dev|proc)\//.test(place) && !/^\/(?:dev|proc)\//.test(argument);
}

function isQuestion(args: readonly string[]): boolean {
  return args.length === 1 && ["--version", "--help"].includes(args[0]!);
}

function hasAny(names: ReadonlySet<string>, list: readonly string[]): boolean {
  return list.some((name) => names.has(name));
}
