// A policy in words and data, for whoever wants to know what may run.
import type { ProgramRule } from "@brains/plugin";
import type { ArgumentPatterns } from "./argument-patterns.ts";
import type { CompiledRule, Policy } from "./policy.ts";

/** The rules in their order, with real paths as they are at this moment. */
export function rulesOf(policy: Policy): readonly ProgramRule[] {
  return policy.rules.map((rule) => ({
    name: rule.name,
    outcome: rule.outcome,
    executables: rule.executables?.().map(({ path }) => path),
    missing: missingOf(rule),
    arguments: rule.source.args && argumentsText(rule.source.args),
    folders: rule.folders?.(),
    env: rule.env,
    kind: rule.kind,
    sandbox: rule.sandbox,
    inline: rule.inline,
  }));
}

/** True where a rule names programs of which this machine has none: it never matches. */
function missingOf(rule: CompiledRule): boolean {
  return rule.executables !== undefined && rule.executables().length === 0;
}

function argumentsText(patterns: ArgumentPatterns): readonly string[] {
  const several = patterns.length > 0 && patterns.every(Array.isArray) ? patterns : [patterns];
  return several.map((pattern) =>
    [pattern]
      .flat()
      .map((each) => (typeof each === "string" ? each : JSON.stringify(each)))
      .join(" "),
  );
}
