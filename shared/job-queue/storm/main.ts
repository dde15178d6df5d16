// `npm run storm -- NAME`: real processes against one store in a temporary folder. Ends with one JSON line of figures.
import { parseArgs } from "node:util";
import { clock } from "./clock.ts";
import { corrupt } from "./corrupt.ts";
import { disk } from "./disk.ts";
import { circumstances } from "./figures.ts";
import { kill } from "./kill.ts";
import { large } from "./large.ts";
import { lock } from "./lock.ts";
import { poison } from "./poison.ts";
import { power } from "./power.ts";
import { reader } from "./reader.ts";
import { readonly } from "./readonly.ts";
import { restart } from "./restart.ts";
import { stop } from "./stop.ts";
import { type Outcome, type Storm, StormImpossible, broken } from "./storm.ts";

const STORMS: Readonly<Record<string, { readonly storm: Storm; readonly about: string }>> = {
  kill: {
    about: "producers, workers and front ends are killed with SIGKILL",
    storm: ({ seconds = 30, seed }) => kill({ seconds, seed, producers: 3, workers: 3, fronts: 1 }),
  },
  power: { about: "the power fails: writes that were not synced are undone or torn (Linux, needs cc)", storm: power },
  stop: { about: "workers are stopped with SIGSTOP, for moments and for long, and taken from by force", storm: stop },
  lock: { about: "another process holds the lock of the store for seconds", storm: lock },
  disk: { about: "the disk is full, again and again (needs root for a small file system)", storm: disk },
  large: { about: "payloads of ten megabytes", storm: large },
  readonly: { about: "the file system becomes read-only (needs root)", storm: readonly },
  corrupt: { about: "bytes flip, pages vanish, files are cut: what doctor finds and salvages", storm: corrupt },
  reader: { about: "somebody reads in one long transaction, so that the log grows", storm: reader },
  clock: { about: "the clock jumps by hours and days, to 1970 and 2038 (Linux, needs cc)", storm: clock },
  poison: { about: "jobs that end their process or never give it back", storm: poison },
  restart: { about: "workers are restarted all the time, in order and by SIGKILL", storm: restart },
};

const USAGE = `Usage: npm run storm -- NAME [--seconds N] [--seed N]

${Object.entries(STORMS)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join("\n")}

The last line is JSON. Exit code: 0 every promise held, 1 one was broken, 2 usage, 77 this machine lacks what the storm needs.
`;

const EXIT_BROKEN = 1;
const EXIT_USAGE = 2;
const EXIT_IMPOSSIBLE = 77;

// So that what the storm has made goes away.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = read(args);
  if (asked === undefined) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  try {
    const outcome: Outcome = await asked.storm({ seconds: asked.seconds, seed: asked.seed });
    const names = broken(outcome);
    process.stdout.write(
      `${JSON.stringify({ storm: asked.name, ok: names.length === 0, ...outcome, broken: names, ...circumstances() })}\n`,
    );
    return names.length === 0 ? 0 : EXIT_BROKEN;
  } catch (error) {
    const impossible = error instanceof StormImpossible;
    const said = impossible ? { ok: null, impossible: error.message } : { ok: false, error: String(error) };
    process.stdout.write(`${JSON.stringify({ storm: asked.name, ...said, ...circumstances() })}\n`);
    return impossible ? EXIT_IMPOSSIBLE : EXIT_BROKEN;
  }
}

function read(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { seconds: { type: "string" }, seed: { type: "string" } },
    });
    const [name = "", ...more] = positionals;
    const known = STORMS[name];
    const seconds = wholeNumber(values.seconds);
    const seed = wholeNumber(values.seed);
    if (!known || more.length > 0 || Number.isNaN(seconds) || Number.isNaN(seed)) return undefined;
    return { name, storm: known.storm, seconds, seed };
  } catch {
    return undefined;
  }
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}
