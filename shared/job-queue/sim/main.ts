// `npm run sim`: random histories of several simulated processes on one store, each of which a seed repeats exactly.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Failure, campaign, hashesOf } from "./campaign.ts";
import { PLANTS, plant } from "./planted.ts";
import { coverage } from "./world.ts";

const USAGE = `npm run sim -- [--seconds N] [--seed S [--path P]]   random histories, 60 seconds by default
npm run sim -- --planted [--only TEXT] [--seconds N]  finds mistakes that were planted in copies of the source
npm run sim -- --hashes N --seed S                    the hashes of N histories, to compare two processes

Exit code: 0 nothing was found (or every planted mistake), 1 something was (or one was not), 2 usage.
`;
const SOURCE = join(import.meta.dirname, "../src");
const LINES = 60;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function tell({ seed, path, history, verdict, hashes }: Failure, repeat: string): void {
  print(`FAILED: ${verdict.wrong.slice(0, 5).join("\n        ")}`);
  print(`history of ${history.actions.length} actions, schedule ${history.seed}; the last of what happened:`);
  for (const line of verdict.trace.slice(-LINES)) print(`  ${line}`);
  print(`actions: ${JSON.stringify(history.actions)}`);
  print(hashes[0] === hashes[1] ? `the same twice: ${hashes[0]}` : `NOT the same twice: ${hashes.join(", ")}`);
  print(`again: npm run sim -- --seed ${seed} --path ${path}${repeat}`);
}

async function simulate(seconds: number, seed: number, path: string | undefined): Promise<void> {
  print(`seed ${seed}`);
  const report = await campaign(join(SOURCE, "index.ts"), {
    seed,
    path,
    seconds,
    shrink: path === undefined,
    ...(path === undefined ? {} : { histories: 1 }),
  });
  const perMinute = Math.round((report.histories / report.seconds) * 60);
  print(`${report.histories} histories in ${report.seconds.toFixed(1)} s: ${perMinute} a minute`);
  print(
    `faults: ${[...coverage]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, times]) => `${what} ${times}`)
      .join(", ")}`,
  );
  if (!report.failure) return;
  process.exitCode = 1;
  tell(report.failure, "");
}

async function findPlanted(seconds: number, seed: number, only: string | undefined): Promise<void> {
  const chosen = PLANTS.filter((each) => only === undefined || each.name.includes(only));
  if (chosen.length === 0) throw new Error(`no planted mistake is called "${only}"`);
  for (const each of chosen) {
    const { entry, remove } = plant(SOURCE, each);
    try {
      const { failure, histories, seconds: took } = await campaign(entry, { seed, seconds, shrink: false });
      if (!failure) process.exitCode = 1;
      const found = failure
        ? `${took.toFixed(1).padStart(5)} s  ${String(histories).padStart(5)} histories  seed ${failure.seed} path ${failure.path}`
        : "NOT FOUND";
      print(`${each.name.padEnd(84)} ${found}`);
      if (failure) print(`    ${failure.verdict.wrong[0]}`);
    } finally {
      remove();
    }
  }
}

function read() {
  const options = {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    path: { type: "string" },
    planted: { type: "boolean", default: false },
    only: { type: "string" },
    hashes: { type: "string" },
    help: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch {
    return undefined;
  }
}

const asked = read();
const fresh = process.pid * 7_919 + (process.hrtime()[1] % 1_000_003);
const seed = Number(asked?.seed ?? fresh);
const seconds = Number(asked?.seconds);
if (asked === undefined || asked.help || !(seconds > 0) || !Number.isSafeInteger(seed)) {
  process.stdout.write(USAGE);
  process.exitCode = asked?.help ? 0 : 2;
} else if (asked.hashes !== undefined) {
  for (const hash of await hashesOf(join(SOURCE, "index.ts"), seed, Number(asked.hashes))) print(hash);
} else if (asked.planted) await findPlanted(seconds, seed, asked.only);
else await simulate(seconds, seed, asked.path);
process.exit();
