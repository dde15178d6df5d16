import { constants } from "node:fs";
import { access, chmod, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { BrainsError, messageOf } from "../errors.ts";
import { homeOf, pathFrom } from "./folders.ts";
import type { Env } from "./folders.ts";
import { makeFolder } from "./make-folder.ts";
import { parseConfig } from "./read.ts";
import { configSchema } from "./schema.ts";
import type { BrainConfig } from "./schema.ts";

export const CONFIG_NAME = "brains.yaml";

export interface BrainSearch {
  /** Where the search for brains.yaml begins, and relative paths start. */
  readonly cwd: string;
  readonly env: Env;
  /** The value of `--config`: a file, or a folder with a brains.yaml. */
  readonly config?: string | undefined;
  /** The value of `--home`. */
  readonly home?: string | undefined;
}

/** A brain, found: its config and where its things are. Nothing was made yet. */
export interface Brain {
  readonly name: string;
  /** The folder of the config; without one, the home. */
  readonly dir: string;
  readonly home: string;
  readonly storePath: string;
  readonly logFile: string;
  readonly config: BrainConfig;
  readonly configFile?: string | undefined;
  /** The text of the config, for the fingerprint. */
  readonly configText: string;
  /** The home is `.brains` beside the config, so it must be kept out of git. */
  readonly beside: boolean;
}

/** Finds and reads the brain's config: `--config`, else brains.yaml in the working folder, else none (all defaults, in the OS's data folder). */
export async function findBrain(search: BrainSearch): Promise<Brain> {
  const file = await configFileOf(search);
  if (file === undefined) {
    const { home, beside } = homeOf({ cwd: search.cwd, env: search.env, flag: search.home });
    return brainOf({ name: basename(home), dir: home, home, beside, config: configSchema.parse({}), configText: "" });
  }
  const configText = await readConfig(file);
  const config = await parseConfig(configText, file);
  const dir = dirname(file);
  const { home, beside } = homeOf({
    cwd: search.cwd,
    env: search.env,
    flag: search.home,
    config: { dir, home: config.home },
  });
  return brainOf({ name: config.name ?? basename(dir), dir, home, beside, config, configFile: file, configText });
}

/** Makes the home (0700) where it is missing, and says clearly when that cannot be done. */
export async function prepareHome(brain: Brain): Promise<void> {
  const { home } = brain;
  try {
    const made = await makeFolder(home, 0o700);
    // One that was there keeps its group's rights out, too; a home on a foreign file system may refuse, which is its owner's choice.
    if (made === undefined) await chmod(home, 0o700).catch(() => {});
    await access(home, constants.W_OK | constants.X_OK);
    // A home beside its config stays out of git without a change to the project's own .gitignore.
    if (brain.beside) await writeFile(join(home, ".gitignore"), "*\n", { flag: "wx" }).catch(ignoreExisting);
  } catch (error) {
    throw new BrainsError(
      "HOME_UNUSABLE",
      `The home folder ${home} cannot be used: ${messageOf(error)}. Choose another with --home or BRAINS_HOME.`,
      {
        cause: error,
        data: { home },
      },
    );
  }
}

function brainOf(brain: Omit<Brain, "storePath" | "logFile">): Brain {
  return { ...brain, storePath: join(brain.home, "brains.db"), logFile: join(brain.home, "logs", "brain.log") };
}

async function configFileOf({ cwd, env, config }: BrainSearch): Promise<string | undefined> {
  if (config === undefined) return (await isThere(join(cwd, CONFIG_NAME))) ? resolve(cwd, CONFIG_NAME) : undefined;
  const path = pathFrom(cwd, config, env);
  const inside = join(path, CONFIG_NAME);
  if (await isFolder(path)) {
    if (await isThere(inside)) return inside;
  } else if (await isThere(path)) return path;
  throw new BrainsError(
    "CONFIG_NOT_FOUND",
    `There is no config ${path}. Correct --config, or make a brain with \`brains init\`.`,
    { data: { path } },
  );
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new BrainsError(
      "CONFIG_INVALID",
      `The config ${file} cannot be read: ${messageOf(error)}. It must be a text file that you may read.`,
      {
        cause: error,
      },
    );
  }
}

/** Anything but absence counts (a folder, no right to look, a loop of links), so that it is heard of when it is read. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT" && (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
