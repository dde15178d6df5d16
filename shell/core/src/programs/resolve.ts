// From what a plugin asks for to what would run: real paths and real values, looked up anew each time.
import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { ProgramRequest } from "@brains/plugin";
import { MARK_NAME, ProcessError, resolveExecutable } from "@brains/process";
import { BrainsError, messageOf } from "../errors.ts";
import { isInside } from "./policy/places.ts";
import { readSecrets, unmaskable } from "./secrets.ts";
import { baseEnvironment, realPathOf } from "./settings.ts";
import type { ProgramSettings } from "./settings.ts";

export interface ResolvedProgram {
  readonly request: ProgramRequest;
  /** What to run: as it was found, which may be a symlink. */
  readonly file: string;
  /** The file behind it. */
  readonly executable: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Everything it gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the above that the request asked for. */
  readonly envNames: readonly string[];
  readonly kind: "command" | "code";
  /** All declared secrets, whether it gets them or not. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Throws PROGRAM_NOT_FOUND, PROGRAM_FOLDER, PROGRAM_ENVIRONMENT, SECRETS_UNSAFE, INVALID_INPUT. */
export function resolveProgram(settings: ProgramSettings, request: ProgramRequest): ResolvedProgram {
  const args = request.args ?? [];
  for (const text of [request.command, ...args]) {
    if (typeof text !== "string" || text.includes("\0"))
      throw new BrainsError("INVALID_INPUT", "The command and its arguments are texts without NUL.");
  }
  const cwd = workingFolder(settings, request.cwd);
  const { path: file, realPath: executable } = executableOf(settings, request.command, cwd);
  const secrets = readSecrets(settings);
  const envNames = [...new Set(request.env ?? [])].toSorted();
  return {
    request,
    file,
    executable,
    args,
    cwd,
    env: environmentOf(settings, envNames, secrets),
    envNames,
    kind: request.kind ?? "command",
    secrets,
  };
}

function executableOf({ path }: ProgramSettings, command: string, cwd: string) {
  const named = command.includes("/") && !isAbsolute(command) ? resolve(cwd, command) : command;
  try {
    return resolveExecutable(named, path);
  } catch (error) {
    if (!(error instanceof ProcessError) || command.includes("/")) throw error;
    throw new ProcessError(
      "PROGRAM_NOT_FOUND",
      `There is no executable ${JSON.stringify(command)} on the brain's own path, which is ${path}. The config can change it: programs.path.`,
    );
  }
}

/** The real path of a folder that lies in one of the configured ones. */
function workingFolder(settings: ProgramSettings, asked: string | undefined): string {
  const real = realFolder(resolve(settings.brainDir, asked ?? "."));
  if (!insideFolders(settings, real)) {
    const folders = settings.folders.join(", ");
    throw new BrainsError(
      "PROGRAM_FOLDER",
      `Programs may not work in ${real}. They may work in: ${folders}. The config can change it: programs.folders.`,
    );
  }
  if (!existsSync(real) || !statSync(real).isDirectory())
    throw new BrainsError("PROGRAM_FOLDER", `There is no folder ${real}. Make it first.`);
  return real;
}

function realFolder(path: string): string {
  try {
    return realPathOf(path);
  } catch (error) {
    // A file in the way, a loop of links, a name that is too long.
    throw new BrainsError("PROGRAM_FOLDER", `There is no folder ${path}: ${messageOf(error)}`, { cause: error });
  }
}

export function insideFolders({ folders }: ProgramSettings, real: string): boolean {
  return folders.some((folder) => isInside(real, realOr(folder)));
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function environmentOf(
  settings: ProgramSettings,
  names: readonly string[],
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const env = baseEnvironment(settings);
  const short = unmaskable(secrets);
  for (const name of names) {
    if (short.includes(name))
      throw refused(`The secret ${name} is too short to be found in output, so no program gets it.`);
    const value =
      secrets[name] ?? (settings.config.secrets.includes(name) ? undefined : settings.config.environment[name]);
    if (value !== undefined && name !== MARK_NAME) env[name] = value;
    else if (env[name] === undefined) throw refused(missing(settings, name));
  }
  return env;
}

function missing({ config }: ProgramSettings, name: string): string {
  if (config.secrets.includes(name)) return `The secret ${name} has no value in secrets.env of the brain's home.`;
  const known = [...Object.keys(config.environment), ...config.secrets].toSorted();
  const which = known.length === 0 ? "None is there." : `There is: ${[...new Set(known)].join(", ")}.`;
  return `The config has no variable ${name} for programs (programs.environment). ${which}`;
}

function refused(message: string): BrainsError {
  return new BrainsError("PROGRAM_ENVIRONMENT", message);
}
