// A policy in words and data, for whoever wants to know what may run.
import type { ProgramRule } from "@brains/plugin";
import type { ArgumentPattern, ArgumentPatterns } from "./argument-patterns.ts";
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
  const several = (patterns.length > 0 && patterns.every(Array.isArray) ? patterns : [patterns]) as ArgumentPattern[];
  return several.map((pattern) => pattern.map(elementText).join(" "));
}

/** For reading: `git log (--oneline|/-[0-9]+/)* **`. */
function elementText(element: ArgumentPattern[number]): string {
  if (typeof element === "string") return /^[\w*./:=+,@-]+$/.test(element) ? element : JSON.stringify(element);
  if ("literal" in element) return JSON.stringify(element.literal);
  if ("regex" in element) return `/${element.regex}/`;
  if ("any" in element) return element.any === "one" ? "<any>" : "<any…>";
  const [choices, times] = "repeat" in element ? [element.repeat, "*"] : [element.oneOf, ""];
  return `(${choices.map(elementText).join("|")})${times}`;
}
