// A folder per execution and run: the code as it was given, and what its process leaves as the result.
import { constants } from "node:fs";
import { mkdir, open, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningJob } from "@brains/plugin";
import { type Outcome, outcomeSchema } from "./runner/outcome.ts";
import type { Language } from "./runner/prepare.ts";

/** Of the system that has bwrap; not TMPDIR, which is the front end's. */
const SHARED = "/tmp";
const LARGEST_OUTCOME = 1024 * 1024;

export interface RunFolder {
  readonly path: string;
  readonly code: string;
  readonly result: string;
  remove(): Promise<void>;
}

export interface RunSetting {
  readonly dataDir: string;
  readonly code: string;
  readonly language: Language;
  /** It has to lie outside of the brain's home, which a sandbox hides. */
  readonly outside: boolean;
}

/**
 * Begun anew at each attempt: after an approval the handler runs again from the top, and has to find the same code at the same path, which the
 * approval binds.
 */
export async function makeRunFolder(
  { id, number, run }: Pick<RunningJob, "id" | "number" | "run">,
  { dataDir, code, language, outside }: RunSetting,
): Promise<RunFolder> {
  const runs = join(dataDir, "runs");
  await mkdir(runs, { recursive: true, mode: 0o700 });
  // In a folder of everybody's the name is one that nobody can guess, and a folder that is there already is not taken.
  const path = outside ? join(await realpath(SHARED), `brains-code-${id}-${run}`) : join(runs, `${number}-${run}`);
  const remove = () => rm(path, { recursive: true, force: true });
  await remove();
  await mkdir(path, { mode: 0o700 });
  const file = join(path, `code.${language}`);
  await writeFile(file, code, { mode: 0o600 });
  return { path, code: file, result: join(path, "result.json"), remove };
}

/** Undefined where there is none, or none that can be believed: the code may have written it itself. */
export async function readOutcome(file: string): Promise<Outcome | undefined> {
  try {
    // No symlink is followed, and a pipe is not waited for.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = await handle.stat();
      if (!facts.isFile() || facts.size > LARGEST_OUTCOME) return undefined;
      return outcomeSchema.parse(JSON.parse(await handle.readFile("utf8")));
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Removes what executions left behind whose worker was killed. `ended`: whether that job is over, undefined where it is none of this brain's. */
export async function sweepRunFolders(
  dataDir: string,
  ended: (ref: string | number) => Promise<boolean | undefined>,
): Promise<void> {
  const runs = join(dataDir, "runs");
  for (const name of await namesIn(runs)) {
    const number = Number(INSIDE.exec(name)?.[1] ?? 0);
    if (number > 0 && (await ended(number)) !== false) await rm(join(runs, name), { recursive: true, force: true });
  }
  for (const name of await namesIn(SHARED)) {
    const id = OUTSIDE.exec(name)?.[1];
    if (id !== undefined && (await ended(id)) === true) await rm(join(SHARED, name), { recursive: true, force: true });
  }
}

const INSIDE = /^(\d{1,15})-\d+$/;
const OUTSIDE = /^brains-code-([\w-]{20,})-\d+$/;

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
