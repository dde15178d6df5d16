import { ProcessError } from "./errors.ts";

/** Names that most programs need and that carry no secret. A caller adds what its configuration allows. */
export const HARMLESS_NAMES: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "TZ",
  "TMPDIR",
  "TERM",
];

/** Every process of a program carries this name; by its value those are found that left the program's group. */
export const MARK_NAME = "BRAINS_PROCESS";

/** What a shell would take in and hand on; other names are lost on the way, so they are refused. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export type Environment = Readonly<Record<string, string>>;

/**
 * The environment of a program: what `allowed` names of `source` (a `*` at the end stands for any ending), and `extra`, which wins. Nothing
 * else of `source` passes.
 */
export function environmentFrom(
  source: Readonly<Record<string, string | undefined>>,
  allowed: readonly string[],
  extra: Environment = {},
): Environment {
  const exact = new Set(allowed.filter((name) => !name.endsWith("*")));
  const prefixes = allowed.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || !NAME.test(name)) continue;
    if (exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) result[name] = value;
  }
  delete result[MARK_NAME];
  return checkEnvironment({ ...result, ...extra });
}

/** The same environment, or an INVALID_ENVIRONMENT that names the entry and not its value. */
export function checkEnvironment(environment: Environment): Environment {
  for (const [name, value] of Object.entries(environment)) {
    if (!NAME.test(name)) {
      throw new ProcessError(
        "INVALID_ENVIRONMENT",
        `${JSON.stringify(name)} is no name for an environment: letters, digits and _ only, no digit first.`,
      );
    }
    if (name === MARK_NAME)
      throw new ProcessError("INVALID_ENVIRONMENT", `${MARK_NAME} is set here and by nobody else.`);
    if (typeof value !== "string" || value.includes("\0")) {
      throw new ProcessError("INVALID_ENVIRONMENT", `The value of ${name} is not a text without NUL.`);
    }
  }
  return environment;
}
