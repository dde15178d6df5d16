import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { type History, history } from "./action.ts";
import { real, trapLeaks } from "./trap.ts";
import { type QueueModule, type Verdict, World } from "./world.ts";

export interface Failure {
  readonly seed: number;
  readonly path: string;
  readonly history: History;
  readonly verdict: Verdict;
  /** Of the same history run again. */
  readonly hashes: string[];
}

export interface Report {
  readonly histories: number;
  readonly seconds: number;
  readonly failure: Failure | undefined;
}

export interface Limits {
  readonly seed: number;
  /** To one history of the seed, as a failure names it. */
  readonly path?: string | undefined;
  readonly seconds: number;
  readonly histories?: number;
  /** Look for a shorter history that fails as well, while there is time. */
  readonly shrink: boolean;
}

/** Histories of one seed; after them comes the next one. */
const PORTION = 50;
/** Seeds that somebody gives are near each other: their portions are not to be the same. */
const NEXT_SEED = 7_919;
/** For making a failed history shorter. */
const SHRINK_MS = 30_000;
const UNLIKE = "the same history was not the same twice";
/** One history in so many is run twice, and must be the same to the last turn. */
const REPEATED = 25;
const leaks: string[] = [];
trapLeaks("/job-queue/src/", (what) => leaks.push(what));

/** A store that is up to date, to be copied: a history does not have to make one. */
async function template(module: QueueModule): Promise<{ path: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "brains-sim-template-"));
  const path = join(folder, "q.db");
  const queue = await module.openJobQueue({ path });
  await queue.stop();
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs random histories until one fails, or the time or their number is used up. */
export async function campaign(entry: string, limits: Limits): Promise<Report> {
  const module = (await import(pathToFileURL(entry).href)) as QueueModule;
  const began = real.now();
  let until = began + limits.seconds * 1_000;
  const { path: empty, remove } = await template(module);
  leaks.length = 0;
  let histories = 0;
  let shrinking = false;
  const run = async (each: History): Promise<Verdict> => {
    histories += 1;
    const verdict = await new World(module, each).run(empty);
    return leaks.length === 0
      ? verdict
      : { ...verdict, wrong: [...verdict.wrong, `the queue asked the machine for ${leaks.splice(0).join(", ")}`] };
  };
  // Whole histories only: one that is under way when the time is over goes on to its end.
  const property = fc.asyncProperty(history, async (each) => {
    // fast-check does not stop after the history that a path names: it would try its neighbours.
    if (real.now() > until || (limits.path !== undefined && histories > 0)) return;
    const { wrong, hash } = await run(each);
    if (wrong.length > 0) {
      if (limits.shrink && !shrinking) until = real.now() + SHRINK_MS;
      shrinking = true;
      throw new Error(wrong[0]);
    }
    if (histories % REPEATED === 1 && (await run(each)).hash !== hash) throw new Error(UNLIKE);
  });
  let failure: Failure | undefined;
  let played: number | undefined;
  try {
    const most = limits.histories ?? Number.POSITIVE_INFINITY;
    const goOn = () => failure === undefined && histories < most && real.now() < until;
    for (let { seed } = limits; goOn(); seed += NEXT_SEED) {
      const details = await fc.check(property, {
        seed,
        numRuns: Math.min(PORTION, most - histories),
        endOnFailure: !limits.shrink,
        ...(limits.path === undefined ? {} : { path: limits.path }),
      });
      const counterexample = details.counterexample?.[0];
      if (!counterexample || details.counterexamplePath === null) continue;
      played = histories;
      const verdict = await run(counterexample);
      const again = await run(counterexample);
      failure = {
        seed: details.seed,
        path: details.counterexamplePath,
        history: counterexample,
        verdict: verdict.wrong.length > 0 ? verdict : { ...verdict, wrong: [UNLIKE] },
        hashes: [verdict.hash, again.hash],
      };
    }
  } finally {
    remove();
  }
  return { histories: played ?? histories, seconds: (real.now() - began) / 1_000, failure };
}

/** The hash of one history, run by itself. */
export async function hashesOf(entry: string, seed: number, count: number): Promise<string[]> {
  const module = (await import(pathToFileURL(entry).href)) as QueueModule;
  const { path, remove } = await template(module);
  const hashes: string[] = [];
  for (const each of fc.sample(history, { seed, numRuns: count }))
    hashes.push((await new World(module, each).run(path)).hash);
  remove();
  return hashes;
}
