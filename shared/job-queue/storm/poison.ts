// Jobs that end the process they run in, or never give it back: exit, abort, a segmentation fault, out of memory, an endless loop.
import { setTimeout as pause } from "node:timers/promises";
import { type JobQueue, openJobQueue } from "../src/index.ts";
import { type Crew, openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { readLedger } from "./ledger.ts";
import type { Poison, StormWork } from "./setting.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const CRASHING: readonly Poison[] = ["exit", "abort", "segfault", "memory"];
/** A worker dies this often by one job while it runs nothing else. */
const MAX_CRASHES = 3;
const WORKERS = 2;
const NEIGHBOURS = 60;

export async function poison({ seconds = 60, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const queue = await openJobQueue({ path: crew.path, durability: "process" });
  const crashes: Record<string, number> = {};
  const poisons = new Map<number, Poison>();
  const neighbours: number[] = [];
  const orders = { stop: false };

  const enqueue = async (work: StormWork): Promise<number> => {
    const { number } = await queue.enqueue("work", work);
    crew.acknowledged("J", number);
    if (work.poison) poisons.set(number, work.poison);
    else neighbours.push(number);
    return number;
  };
  /** As a supervisor does it: what ended is started again. */
  const supervise = async (): Promise<void> => {
    while (!orders.stop) {
      const worker = crew.start("worker", { flags: ["--max-old-space-size=48"], quiet: true });
      await crew.until(() => crew.isGone(worker));
      if (orders.stop) return;
      const { exitCode, signalCode, pid } = worker.process;
      const how = signalCode ?? `exit ${exitCode}`;
      crashes[how] = (crashes[how] ?? 0) + 1;
      crew.ran("K", 0, pid as number, "-", monotonic(), Date.now());
      await crew.kill(worker);
    }
  };
  try {
    const supervised = Array.from({ length: WORKERS }, supervise);
    let rounds = 0;
    do {
      const round: number[] = [];
      for (let i = 0; i < NEIGHBOURS; i++) {
        await enqueue({ hold: crew.between(10, 150), steps: i % 5 === 0 });
        const kind = CRASHING[i / (NEIGHBOURS / CRASHING.length)];
        if (kind !== undefined) round.push(await enqueue({ poison: kind }));
      }
      for (const number of round) await queue.wait(number, { timeout: 120_000 }).catch(() => undefined);
      rounds += 1;
    } while (elapsed() < seconds * 0.7);
    const { wrong: byLoop, ...loop } = await endlessLoop(queue, crew, enqueue);
    const { counts: figures, wrong } = await inspect(crew.folder);
    orders.stop = true;
    await Promise.all([...crew.members].map(crew.end));
    await Promise.all(supervised);
    const starts = new Map<number, number>();
    for (const [kind, number] of readLedger(`${crew.folder}/ran`))
      if (kind === "S") starts.set(Number(number), (starts.get(Number(number)) ?? 0) + 1);
    const stateOf = async (number: number) => (await queue.service.getStatus(number))?.reason ?? "none";
    const wrongly = { neighboursBlamed: 0, poisonNotStopped: 0 };
    for (const number of neighbours)
      if ((await queue.service.getStatus(number))?.state !== "completed") wrongly.neighboursBlamed += 1;
    for (const [number, kind] of poisons)
      if (kind !== "loop" && (await stateOf(number)) !== "crashed") wrongly.poisonNotStopped += 1;
    const startsOf = (numbers: Iterable<number>) => [...numbers].map((number) => starts.get(number) ?? 0);
    const crashing = [...poisons].flatMap(([number, kind]) => (kind === "loop" ? [] : [number]));
    const most = Math.max(...startsOf(crashing));
    return {
      seed,
      seconds: elapsed(),
      rounds,
      poisons: poisons.size,
      neighbours: neighbours.length,
      workerEnds: crashes,
      ...figures,
      loop,
      /** How often a job that ends its process was begun; how often its neighbours were. */
      startsOfPoison: spread(startsOf(crashing)),
      startsOfNeighbours: spread(startsOf(neighbours)),
      // Beside others at first; then alone until it is to blame.
      wrong: { ...wrong, ...wrongly, ...byLoop, startedTooOften: most > 2 * MAX_CRASHES ? 1 : 0 },
    };
  } finally {
    orders.stop = true;
    await queue.stop();
    crew.dispose();
  }
}

/** A worker that spins keeps its jobs and is shown; the others go on; whoever takes its job by force ends it, and nobody is blamed. */
async function endlessLoop(queue: JobQueue, crew: Crew, enqueue: (work: StormWork) => Promise<number>) {
  const wrong = { loopNotShown: 0, loopRanTwice: 0, othersStuck: 0 };
  const number = await enqueue({ poison: "loop" });
  const spinning = await runsIn(queue, number);
  const since = monotonic();
  await pause(100);
  const others = await Promise.all(Array.from({ length: 10 }, () => enqueue({ hold: 20 })));
  // At least those that the spinning worker had not begun.
  const ended = await Promise.all(
    others.map((each) =>
      queue.wait(each, { timeout: 15_000 }).then(
        () => 1,
        () => 0,
      ),
    ),
  );
  const through = ended.reduce<number>((sum, each) => sum + each, 0);
  if (through === 0) wrong.othersStuck = 1;
  const silent = async () => (await queue.workers()).some(({ pid, answering }) => pid === spinning && !answering);
  while (!(await silent()) && monotonic() - since < 20_000) await pause(50);
  if (!(await silent())) wrong.loopNotShown = 1;
  const shownAfter = Math.round(monotonic() - since);
  if ((await queue.service.getStatus(number))?.worker?.pid !== spinning) wrong.loopRanTwice = 1;
  // The next run would spin as well, so nothing is to be left of it.
  crew.ran("K", 0, spinning, "-", monotonic(), Date.now());
  await queue.service.pause("work");
  const forced = await queue.service.retry(number, { force: true });
  await queue.service.cancel(number);
  await queue.service.unpause("work");
  return { shownAfter, forced: forced?.worker, othersThrough: through, wrong };
}

async function runsIn(queue: JobQueue, number: number): Promise<number> {
  for (;;) {
    const job = await queue.service.getStatus(number);
    if (job?.worker) return job.worker.pid;
    await pause(20);
  }
}
