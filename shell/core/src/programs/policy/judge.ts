// The one function that decides whether a program may run. It changes nothing, and asks the disk only where paths really are.
import { basename } from "node:path";
import { placesOf } from "./argument-paths.ts";
import { inlineReason, namesOf } from "./inline-code.ts";
import { DANGEROUS_NAMES, SHELLS, WRAPPERS } from "./known-programs.ts";
import { isInside } from "./places.ts";
import type { CompiledRule, Policy } from "./policy.ts";
import { riskOf } from "./risk.ts";
import type { Fact } from "./risk.ts";

/** A program with everything about it looked up. */
export interface ResolvedCommand {
  /** Its real absolute path. */
  readonly executable: string;
  /** What was asked for: a name or a path. */
  readonly asked: string;
  readonly args: readonly string[];
  /** The real path. */
  readonly cwd: string;
  /** Names of variables that it asks for besides those that every program gets. */
  readonly env: readonly string[];
  readonly kind: "command" | "code";
  readonly sandbox?: "quickjs" | "bwrap" | undefined;
  /** With bwrap: folders that whoever asks wants to be writable, absolute; and whether the network is wanted. */
  readonly write?: readonly string[] | undefined;
  readonly network?: boolean | undefined;
}

export interface Judgement {
  readonly outcome: "allow" | "approve" | "deny";
  /** The rule that decided, by its name or its place. */
  readonly rule: string;
  readonly risk: number;
  readonly reasons: readonly string[];
}

export function judgeCommand(policy: Policy, command: ResolvedCommand): Judgement {
  const found = lookAt(policy, command);
  const rule = policy.rules.find((each) => ruleMatches(each, policy, command, found));
  const known = rule?.outcome === "allow";
  const { risk, reasons } = riskOf(found.names, command.args, found.facts, known);
  const because = rule?.name ?? "no rule";
  const judge = (outcome: Judgement["outcome"], ...why: string[]): Judgement => ({
    outcome,
    rule: because,
    risk,
    reasons: [...why, ...reasons, ...(found.inline === undefined ? [] : [found.inline])],
  });

  if (rule?.outcome === "deny") return judge("deny", `the rule "${because}" refuses it`);
  const unlisted = found.dangerous.filter((name) => !rule?.env?.includes(name));
  if (unlisted.length > 0)
    return judge(
      "deny",
      `no rule lists the variable ${unlisted.join(", ")}, which makes programs load or run something`,
    );
  const { approve, deny } = policy.thresholds;
  if (risk >= deny) return judge("deny", `its risk ${risk} reaches thresholds.deny (${deny})`);
  if (rule?.outcome !== "allow") return judge("approve");
  if (found.inline !== undefined && !rule.inline)
    return judge("approve", "code given as text needs a rule with inline: true to run unasked");
  if (found.facts.has("protected")) return judge("approve", "no rule lets a program at the brain's own files unasked");
  if (risk >= approve) return judge("approve", `its risk ${risk} reaches thresholds.approve (${approve})`);
  return judge("allow");
}

interface Found {
  readonly names: ReadonlySet<string>;
  readonly inline: string | undefined;
  readonly dangerous: readonly string[];
  readonly facts: ReadonlySet<Fact>;
  /** Where it works, and where its arguments may lead. */
  readonly places: readonly (string | undefined)[];
}

function lookAt(policy: Policy, command: ResolvedCommand): Found {
  const { args, cwd, env, kind, sandbox } = command;
  const { system } = policy;
  const names = namesOf(command.executable, command.asked);
  // Arguments of code are the plugin's own; what the code is and does is said by its kind and its sandbox.
  const inline = kind === "code" ? undefined : inlineReason(names, args, { system, cwd });
  const dangerous = env.filter((name) => DANGEROUS_NAMES.some((pattern) => fitsName(pattern, name)));
  const writes = (command.write ?? []).map((path) => system.realPlace(path));
  const places = [cwd, ...writes, ...placesOf(args, cwd, system).map(({ place }) => place)];
  const working = policy.folders();
  const files = policy.protected();
  const facts = new Set<Fact>();
  const note = (fact: Fact, holds: boolean) => holds && facts.add(fact);
  note("inline", inline !== undefined);
  note(
    "shell",
    SHELLS.some((name) => names.has(name)),
  );
  note(
    "wrapper",
    WRAPPERS.some((name) => names.has(name)),
  );
  note("code", kind === "code");
  note("quickjs", sandbox === "quickjs");
  note("bwrap", sandbox === "bwrap");
  note("environment", env.length > 0);
  note("dangerous-environment", dangerous.length > 0);
  note("outside", kind === "command" && places.some((place) => !isWithin(place, working)));
  note(
    "protected",
    kind === "command" &&
      [command.executable, ...places].some((place) => place !== undefined && isWithin(place, files)),
  );
  // Whoever may write to a folder may write to all that lies in it.
  const opened = files.some((file) =>
    isWithin(
      file,
      writes.filter((place) => place !== undefined),
    ),
  );
  note("protected", opened);
  note("network", command.network === true);
  note("changeable-executable", kind === "command" && isWithin(command.executable, working));
  note(
    "odd-characters",
    args.some((each) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(each)),
  );
  return { names, inline, dangerous, facts, places };
}

/**
 * An allow rule has to hold for all of the command: every place, every name, and the name that the program is called by, which programs of many
 * names look at. The others hold for as much as one place or one name of it, so that they cannot be slipped past.
 */
function ruleMatches(rule: CompiledRule, policy: Policy, command: ResolvedCommand, found: Found): boolean {
  const all = rule.outcome === "allow";
  const of = <T>(items: readonly T[], fits: (item: T) => boolean) => (all ? items.every(fits) : items.some(fits));
  if (rule.kind === undefined ? all && command.kind === "code" : rule.kind !== command.kind) return false;
  if (rule.sandbox !== undefined && rule.sandbox !== (command.sandbox ?? "none")) return false;
  if (rule.executables !== undefined) {
    const { executable, asked } = command;
    const programs = rule.executables().filter(({ path }) => path === executable);
    const called = [basename(asked), basename(executable)];
    if (!programs.some(({ names }) => !all || called.every((name) => names.includes(name)))) return false;
  }
  if (rule.matchesArguments !== undefined && !rule.matchesArguments(command.args)) return false;
  if (rule.env !== undefined || all) {
    const listed = rule.env ?? [];
    if (!of(command.env, (name) => listed.some((pattern) => fitsName(pattern, name)))) return false;
  }
  // A rule that asks for no sandbox allows the program without any, so opening one further takes nothing from it.
  const held = all && rule.sandbox === "bwrap";
  if (held && command.network === true && !rule.network) return false;
  if (rule.folders === undefined) return !held || (command.write ?? []).length === 0;
  const folders = rule.folders();
  // What leads nobody can say where is in no folder that is allowed, and in any that is not.
  return of(found.places, (place) => (place === undefined ? !all : isWithin(place, folders)));
}

function isWithin(place: string | undefined, folders: readonly string[]): boolean {
  return place !== undefined && folders.some((folder) => isInside(place, folder));
}

function fitsName(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
