import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Redactor } from "@brains/process";
import { BrainsError, messageOf } from "../errors.ts";
import type { ProgramSettings } from "./settings.ts";

export const SECRETS_FILE = "secrets.env";

/** Values by name: the declared secrets that have one. Read at every start, so that a changed file counts at once. */
export function readSecrets({ config, home }: ProgramSettings): Readonly<Record<string, string>> {
  if (config.secrets.length === 0) return {};
  const values = readFile(join(home, SECRETS_FILE));
  const found: Record<string, string> = {};
  for (const name of config.secrets) {
    const value = values[name] ?? config.environment[name];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

/** A secret that is too short to be looked for in output would be shown there. */
export function unmaskable(secrets: Readonly<Record<string, string>>): readonly string[] {
  return new Redactor(secrets).tooShort;
}

function readFile(file: string): Record<string, string | undefined> {
  const problem = problemOfSecretsFile(file);
  if (problem === "missing") return {};
  if (problem !== undefined) throw unsafe(problem);
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (error) {
    throw unsafe(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Why a file of secrets is not read, as a sentence; `missing` where there is none. */
export function problemOfSecretsFile(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return "missing";
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    return `${file} can be read by others (mode 0${mode.toString(8)}). Run: chmod 600 ${file}`;
  }
  const me = process.getuid?.();
  return me !== undefined && found.uid !== me ? `${file} belongs to another user.` : undefined;
}

function unsafe(message: string): BrainsError {
  return new BrainsError("SECRETS_UNSAFE", message);
}
