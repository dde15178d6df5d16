// What the config says of programs, with its defaults filled in. Nothing of it depends on whichever front end started the worker.
import { realpathSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { approvalsSchema, programsSchema } from "../config/programs.ts";
import { CONFIG_NAME } from "../config/brain.ts";
import type { ApprovalsConfig, ApprovalsInput, ProgramsConfig, ProgramsInput } from "../config/programs.ts";

export interface ProgramSettings {
  readonly config: ProgramsConfig;
  readonly approvals: ApprovalsConfig;
  readonly brainDir: string;
  readonly home: string;
  /** Absolute; each is resolved when it is compared, because symlinks change. */
  readonly folders: readonly string[];
  /** Files that say what the brain is and does: its config, and its own plugins. Absolute. */
  readonly ownFiles: readonly string[];
  readonly path: string;
  /** Milliseconds between TERM and KILL. */
  readonly grace: number;
}

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What ending a tree takes besides the grace, so that the job's end is told before the worker gives its handler up. */
const ENDING_MS = 1000;
const DEFAULT_WORKER_GRACE_MS = 5000;

export interface SettingsInput {
  readonly brainDir: string;
  readonly home: string;
  /** Besides brains.yaml: a config of another name, and files of plugins. Absolute. */
  readonly ownFiles?: readonly string[] | undefined;
  readonly programs?: ProgramsInput | undefined;
  readonly approvals?: ApprovalsInput | undefined;
  /** Milliseconds that a job gets to end. */
  readonly workerGrace?: number | undefined;
}

export function programSettings(input: SettingsInput): ProgramSettings {
  const { brainDir, home, workerGrace = DEFAULT_WORKER_GRACE_MS } = input;
  const config = programsSchema.parse(input.programs ?? {});
  return {
    config,
    approvals: approvalsSchema.parse(input.approvals ?? {}),
    brainDir,
    home,
    folders: (config.folders ?? [".", temporaryFolder()]).map((folder) => resolve(brainDir, folder)),
    ownFiles: [...new Set([join(brainDir, CONFIG_NAME), ...(input.ownFiles ?? [])])],
    path: config.path ?? `${SYSTEM_PATH}:${dirname(process.execPath)}`,
    grace: Math.max(0, Math.min(config.grace * 1000, workerGrace - ENDING_MS)),
  };
}

/** Not TMPDIR, which is the front end's, except where the system has no other place. */
export function temporaryFolder(): string {
  return process.platform === "linux" ? "/tmp" : tmpdir();
}

/** Variables that every program gets. */
export function baseEnvironment({ path }: ProgramSettings): Record<string, string> {
  const user = whoAmI();
  return {
    PATH: path,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: "/bin/sh",
    LANG: "C.UTF-8",
    TERM: "dumb",
    TMPDIR: temporaryFolder(),
  };
}

function whoAmI(): { readonly name: string; readonly home: string } {
  try {
    const { username, homedir } = userInfo();
    return { name: username, home: homedir };
  } catch {
    // A user id without an entry in the system's list of users, as in some containers.
    return { name: `uid-${process.getuid?.() ?? 0}`, home: "/" };
  }
}

/** The same path with every symlink in it resolved; of one that does not exist yet, as far as it does. */
export function realPathOf(path: string): string {
  if (!isAbsolute(path)) throw new TypeError(`${path} is not absolute`);
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const parent = dirname(path);
    if (parent === path) return path;
    return resolve(realPathOf(parent), path.slice(parent.length).replace(/^\/+/, ""));
  }
}
