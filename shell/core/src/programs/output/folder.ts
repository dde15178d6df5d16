// Where the output of programs is kept: `<home>/output/<job number>/<nth>-r<run>-a<attempt>/`, one log for each attempt that ran a program.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

export interface AttemptFolder {
  readonly nth: number;
  readonly run: number;
  readonly attempt: number;
  readonly path: string;
}

const ATTEMPT = /^(\d{1,9})-r(\d{1,9})-a(\d{1,9})$/;
const JOB = /^\d{1,15}$/;

function outputFolder(home: string): string {
  return join(home, "output");
}

/** In the order in which they ran. */
export async function attemptFolders(home: string, job: number): Promise<AttemptFolder[]> {
  const folder = join(outputFolder(home), `${job}`);
  const found = (await namesIn(folder)).flatMap((name) => {
    const [, nth, run, attempt] = ATTEMPT.exec(name) ?? [];
    if (nth === undefined) return [];
    return [{ nth: Number(nth), run: Number(run), attempt: Number(attempt), path: join(folder, name) }];
  });
  return found.toSorted((a, b) => a.nth - b.nth);
}

/** A new one behind those that are there. */
export async function newAttemptFolder(
  home: string,
  { number, run, attempt }: { readonly number: number; readonly run: number; readonly attempt: number },
): Promise<string> {
  const nth = ((await attemptFolders(home, number)).at(-1)?.nth ?? 0) + 1;
  const path = join(outputFolder(home), `${number}`, `${nth}-r${run}-a${attempt}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Numbers of the jobs that have some. */
export async function jobsWithOutput(home: string): Promise<number[]> {
  return (await namesIn(outputFolder(home))).filter((name) => JOB.test(name)).map(Number);
}

export async function removeOutput(home: string, job: number): Promise<void> {
  await rm(join(outputFolder(home), `${job}`), { recursive: true, force: true });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
