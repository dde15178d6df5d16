// `npm run bench`: see options.ts for what can be asked.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Servers } from "./benchmark.ts";
import type { Contender } from "./contender.ts";
import { CONTENDERS } from "./contenders/index.ts";
import { describeMachine } from "./machine.ts";
import { type Options, USAGE, UsageError, readOptions } from "./options.ts";
import { PAGE, withFigures } from "./page.ts";
import { type PeerFolder, driverVersion, installPeers, versionOf } from "./peers.ts";
import { type Report, labelOf, plain, tableOf, toJson, verdict } from "./report.ts";
import { type Outcome, runBenchmark } from "./rounds.ts";
import { startPostgres } from "./servers/postgres.ts";
import type { Started } from "./servers/process.ts";
import { startRedis } from "./servers/redis.ts";

const print = (text: string): void => void process.stdout.write(text);
const root = join(import.meta.dirname, "..");

try {
  const options = readOptions(process.argv.slice(2), print);
  if (options) await bench(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function bench(options: Options): Promise<void> {
  const cache = join(root, ".cache/bench");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "run-"));
  const servers = new Map<string, Started<unknown>>();
  const cleanUp = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((each) => each.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  // Servers must not outlive this process, whatever ends it.
  const leave = (code: number) => (): void => void cleanUp().finally(() => process.exit(code));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, leave(130));
  process.stdout.once("error", leave(1));
  try {
    const report = await measureAll(options, folder, servers);
    if (options.json !== undefined) {
      await writeFile(
        resolve(process.env["INIT_CWD"] ?? ".", options.json),
        `${JSON.stringify(toJson(report), null, 2)}\n`,
      );
    }
    if (options.write) {
      const page = join(root, PAGE);
      await writeFile(page, withFigures(await readFile(page, "utf8"), report));
      print(`${PAGE} has these figures now.\n`);
    }
    if (report.outcomes.some((outcome) => outcome.missing.has("queue"))) process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}

async function measureAll(options: Options, folder: string, started: Map<string, Started<unknown>>): Promise<Report> {
  const at = new Date().toISOString().slice(0, 10);
  const machine = describeMachine(folder);
  const absent: Record<string, string> = {};
  const contest = options.benchmarks.some((each) => each.contest);
  const servers = contest ? await prepare(options, folder, started, absent) : {};
  const versions: Record<string, string> = { "better-sqlite3": await driverVersion(), SQLite: machine.sqlite };
  for (const [name, { version }] of started) versions[name] = version;
  for (const { label, peer, name } of contest ? CONTENDERS : []) {
    if (peer && absent[name] === undefined) versions[label] = await versionOf(peer.folder, peer.name);
  }
  print(
    `${machine.processors} × ${machine.processor}, load ${machine.load}; Node ${machine.node}; SQLite ${machine.sqlite}\n`,
  );
  for (const [name, why] of Object.entries(absent)) print(`absent: ${labelOf(name)}: ${why}\n`);
  const outcomes: Outcome[] = [];
  for (const benchmark of options.benchmarks) {
    const variants = benchmark.variants(options.effort.size).filter((variant) => absent[variant] === undefined);
    const outcome = await runBenchmark(benchmark, variants, options.effort, folder, servers);
    outcomes.push(outcome);
    show(outcome);
  }
  return { at, machine, effort: options.effort, versions, absent, outcomes };
}

/** Installs the peers and starts what they need; says of each that cannot take part why. */
async function prepare(
  { peers }: Options,
  folder: string,
  started: Map<string, Started<unknown>>,
  absent: Record<string, string>,
): Promise<Servers> {
  const leaveOut = (why: string, which: (contender: Contender) => boolean): void => {
    for (const each of CONTENDERS) if (each.peer && which(each)) absent[each.name] ??= why;
  };
  const install = async (from: PeerFolder): Promise<void> => {
    try {
      await installPeers(from);
    } catch (error) {
      leaveOut(`it could not be installed (${firstLine(error)})`, ({ peer }) => peer?.folder === from);
    }
  };
  if (peers === "none") leaveOut("not asked for", () => true);
  else await install("sqlite");
  if (peers === "without-servers") leaveOut("needs a server", ({ needs }) => needs !== "nothing");
  if (peers !== "all") return {};
  await install("servers");
  const start = async <Access>(name: string, needs: Contender["needs"], begin: () => Promise<Started<Access>>) => {
    try {
      const server = await begin();
      started.set(name, server);
      return server.access;
    } catch (error) {
      leaveOut(`no ${name}: ${firstLine(error)}`, (contender) => contender.needs === needs);
      return undefined;
    }
  };
  return {
    redis: await start("Redis", "redis", () => startRedis(folder)),
    postgres: await start("Postgres", "postgres", () => startPostgres(folder)),
  };
}

function show(outcome: Outcome): void {
  const { benchmark, missing, rounds } = outcome;
  const taken = Math.max(0, ...[...rounds.values()].map((each) => each.length));
  print(
    `\n${benchmark.title.replaceAll("`", "")}  [${benchmark.name}, ${taken === 1 ? "1 round" : `median of ${taken} rounds`}]\n`,
  );
  print(plain(tableOf(outcome)));
  for (const [variant, why] of missing) print(`  ${labelOf(variant)} failed: ${firstLine(why)}\n`);
  const found = verdict(outcome);
  if (found !== undefined) print(`  ${found}\n`);
}

/** What a program said last tells more than that it failed. */
function firstLine(error: unknown): string {
  const said = (error as { stderr?: unknown }).stderr;
  const text = typeof said === "string" && said !== "" ? said : error instanceof Error ? error.message : String(error);
  return text.trim().split("\n", 1)[0] ?? "";
}
