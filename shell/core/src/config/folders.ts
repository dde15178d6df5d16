// Where things are: the config, the home, the OS's folders. Nothing here reads more than it must.
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

export type Env = Readonly<Record<string, string | undefined>>;

/** Where a brain's home is, in this order: `--home`, BRAINS_HOME, the config's `home`, `.brains` beside the config, the OS's data folder. */
export function homeOf(options: {
  readonly cwd: string;
  readonly env: Env;
  readonly flag?: string | undefined;
  /** Folder of the config, and its `home`, where there is one. */
  readonly config?: { readonly dir: string; readonly home?: string | undefined } | undefined;
}): { readonly home: string; readonly beside: boolean } {
  const { cwd, env, flag, config } = options;
  const given = flag ?? env["BRAINS_HOME"];
  if (given !== undefined && given !== "") return { home: pathFrom(cwd, given, env), beside: false };
  if (config === undefined) return { home: dataFolder(env), beside: false };
  if (config.home !== undefined) return { home: pathFrom(config.dir, config.home, env), beside: false };
  return { home: join(config.dir, ".brains"), beside: true };
}

/** Where brains without a config live. */
export function dataFolder(env: Env, platform: NodeJS.Platform = process.platform): string {
  const user = userFolder(env);
  if (platform === "win32") return join(env["LOCALAPPDATA"] || join(user, "AppData", "Local"), "brains");
  if (platform === "darwin") return join(user, "Library", "Application Support", "brains");
  return join(absolute(env["XDG_DATA_HOME"]) ?? join(user, ".local", "share"), "brains");
}

/** Where this user's own settings are (which folders are trusted); BRAINS_CONFIG_HOME replaces it. */
export function configFolder(env: Env, platform: NodeJS.Platform = process.platform): string {
  const given = absolute(env["BRAINS_CONFIG_HOME"]);
  if (given !== undefined) return given;
  const user = userFolder(env);
  if (platform === "win32") return join(env["APPDATA"] || join(user, "AppData", "Roaming"), "brains");
  if (platform === "darwin") return join(user, "Library", "Application Support", "brains", "config");
  return join(absolute(env["XDG_CONFIG_HOME"]) ?? join(user, ".config"), "brains");
}

/** A path as written by a person: `~` is their folder, relative ones start at `from`. */
export function pathFrom(from: string, path: string, env: Env): string {
  if (path === "~") return userFolder(env);
  return /^~[/\\]/.test(path) ? join(userFolder(env), path.slice(2)) : resolve(from, path);
}

function userFolder(env: Env): string {
  return env["HOME"] || env["USERPROFILE"] || homedir();
}

// The XDG specification says to ignore relative ones.
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
