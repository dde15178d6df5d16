// A policy, ready to judge by: the config's rules and the built-in ones after them, with real paths.
import { basename, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { compileArguments } from "./argument-patterns.ts";
import type { ArgumentMatch } from "./argument-patterns.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { systemOf } from "./places.ts";
import type { PolicySystem } from "./places.ts";
import { policySchema } from "./schema.ts";
import type { PolicyRule, Thresholds } from "./schema.ts";

export interface PolicyOptions {
  /** `programs.policy`, as the schema gives it. */
  readonly rules: z.output<typeof policySchema>;
  readonly thresholds: Thresholds;
  /** Rules' folders and paths are relative to it. */
  readonly brainDir: string;
  /** Working folders: `programs.folders`, absolute. */
  readonly folders: readonly string[];
  /** The brain's home and its config: no rule lets a program at them unasked. Absolute. */
  readonly protected: readonly string[];
  /** The brain's PATH. */
  readonly searchPath: string;
  /** Default: this machine's. */
  readonly system?: PolicySystem | undefined;
}

export interface CompiledRule {
  readonly name: string;
  readonly outcome: "allow" | "approve" | "deny";
  readonly kind: "command" | "code" | undefined;
  readonly sandbox: "none" | "quickjs" | "bwrap" | undefined;
  readonly inline: boolean;
  readonly network: boolean;
  readonly env: readonly string[] | undefined;
  readonly matchesArguments: ArgumentMatch | undefined;
  /** Real paths, and the names that each may be called by. */
  readonly executables: (() => readonly { readonly path: string; readonly names: readonly string[] }[]) | undefined;
  /** Real paths at this moment. */
  readonly folders: (() => readonly string[]) | undefined;
  /** As it stands in the config. */
  readonly source: PolicyRule;
}

export interface Policy {
  readonly rules: readonly CompiledRule[];
  readonly thresholds: Thresholds;
  readonly system: PolicySystem;
  /** Real paths at this moment. */
  folders(): readonly string[];
  protected(): readonly string[];
}

export function createPolicy(options: PolicyOptions): Policy {
  const { brainDir, thresholds, system = systemOf(options.searchPath) } = options;
  const real = (paths: readonly string[]) => paths.flatMap((path) => system.realPlace(path) ?? []);
  const folders = () => real(options.folders);
  const absolute = (path: string) => (isAbsolute(path) ? path : join(brainDir, path));
  const compile = (rule: PolicyRule, name: string): CompiledRule => {
    const programs = rule.executable === undefined ? undefined : [rule.executable].flat();
    return {
      name: rule.name ?? name,
      outcome: rule.outcome,
      kind: rule.kind,
      sandbox: rule.sandbox,
      inline: rule.inline,
      network: rule.network,
      env: rule.env,
      matchesArguments: rule.args && compileArguments(rule.args),
      executables: programs && once(() => executablesOf(programs), rule.outcome === "allow"),
      folders:
        rule.folders &&
        (() => rule.folders!.flatMap((each) => (each === "$folders" ? folders() : real([absolute(each)])))),
      source: rule,
    };
  };
  const executablesOf = (names: readonly string[]) =>
    names.flatMap((name) => {
      const path = system.findExecutable(name.includes("/") ? absolute(name) : name);
      return path === undefined ? [] : [{ path, names: [basename(name), basename(path)] }];
    });
  return {
    rules: [
      ...options.rules.map((rule, at) => compile(rule, `rule ${at + 1} of programs.policy`)),
      ...policySchema.parse(DEFAULT_RULES).map((rule) => compile(rule, "built-in")),
    ],
    thresholds,
    system,
    folders,
    protected: () => real(options.protected),
  };
}

/**
 * A name means the file that it meant when it was first looked up: whoever puts another one before it on the PATH gains nothing. Where there was
 * none, what comes later is still refused or asked about by the rules that do so.
 */
function once<T>(look: () => readonly T[], alsoNone: boolean): () => readonly T[] {
  let found: readonly T[] | undefined;
  return () => {
    if (found === undefined || (found.length === 0 && !alsoNone)) found = look();
    return found;
  };
}
