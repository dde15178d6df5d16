// A folder per execution and run: the code as it was given, and what its process leaves as the result.
import { constants } from "node:fs";
import { mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningJob } from "@brains/plugin";
import { type Outcome, outcomeSchema } from "./runner/outcome.ts";
import type { Language } from "./runner/prepare.ts";

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
}

/**
 * Begun anew at each attempt: after an approval the handler runs again from the top, and has to find the same code at the same path, which the
 * approval binds.
 */
export async function makeRunFolder(
  { number, run }: Pick<RunningJob, "number" | "run">,
  { dataDir, code, language }: RunSetting,
): Promise<RunFolder> {
  const path = join(dataDir, "runs", `${number}-${run}`);
  const remove = () => rm(path, { recursive: true, force: true });
  await remove();
  await mkdir(path, { recursive: true, mode: 0o700 });
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

/** Removes what executions left behind whose worker was killed. */
export async function sweepRunFolders(dataDir: string, ended: (job: number) => Promise<boolean>): Promise<void> {
  const runs = join(dataDir, "runs");
  for (const name of await readdir(runs).catch(() => [])) {
    const number = Number(/^(\d{1,15})-\d+$/.exec(name)?.[1] ?? 0);
    if (number > 0 && (await ended(number))) await rm(join(runs, name), { recursive: true, force: true });
  }
}
