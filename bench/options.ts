import { parseArgs } from "node:util";
import { BENCHMARKS } from "./benchmarks/index.ts";
import type { Benchmark } from "./benchmark.ts";
import type { Effort } from "./rounds.ts";

export const USAGE = `npm run bench -- [--quick] [--only NAME]... [--json FILE] [--write] [--rounds N] [--seconds S] [--no-peers] [--list]

  --quick      under 50 s, without servers
  --only NAME  one benchmark (several times for several)
  --json FILE  every figure, with its ratio to raw and to each peer
  --write      put the figures into docs/performance.md
  --rounds N   rounds that the median is taken of (5; quick: 3)
  --seconds S  length of one timed measurement (1; quick: 0.1)
  --no-peers   nothing is installed or started: raw and this queue only
  --tiny       a few operations of each: shows that the benchmarks run, measures nothing
  --list       the names
`;

const EFFORTS: Readonly<Record<Effort["size"], Effort>> = {
  full: { size: "full", rounds: 5, seconds: 1, budget: 240 },
  quick: { size: "quick", rounds: 3, seconds: 0.1, budget: 0.5 },
  tiny: { size: "tiny", rounds: 1, seconds: 0.05, budget: 1 },
};

export interface Options {
  readonly benchmarks: readonly Benchmark[];
  readonly effort: Effort;
  readonly json: string | undefined;
  readonly write: boolean;
  readonly peers: "all" | "without-servers" | "none";
}

export class UsageError extends Error {}

/** Undefined: only help or the list was asked for, and was given to `print`. */
export function readOptions(argv: readonly string[], print: (text: string) => void): Options | undefined {
  const given = parse(argv);
  if (given.help) {
    print(USAGE);
    return undefined;
  }
  if (given.list) {
    for (const { name, title } of BENCHMARKS) print(`${name.padEnd(18)} ${title.replaceAll("`", "")}\n`);
    return undefined;
  }
  const base = EFFORTS[given.tiny ? "tiny" : given.quick ? "quick" : "full"];
  return {
    benchmarks: given.only === undefined ? BENCHMARKS : given.only.flatMap((name) => chosen(name)),
    effort: {
      ...base,
      rounds: positive("rounds", given.rounds) ?? base.rounds,
      seconds: positive("seconds", given.seconds) ?? base.seconds,
    },
    json: given.json,
    write: given.write ?? false,
    peers: given["no-peers"] ? "none" : base.size === "full" ? "all" : "without-servers",
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: "boolean" },
        tiny: { type: "boolean" },
        only: { type: "string", multiple: true },
        json: { type: "string" },
        write: { type: "boolean" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        "no-peers": { type: "boolean" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chosen(name: string): Benchmark[] {
  const found = BENCHMARKS.filter((each) => each.name === name);
  if (found.length > 0) return found;
  throw new UsageError(
    `There is no benchmark "${name}". There are: ${BENCHMARKS.map((each) => each.name).join(", ")}.`,
  );
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`--${name} takes a number above 0, not "${value}".`);
}
