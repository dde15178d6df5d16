// SIGSTOP and SIGCONT at random moments. A worker that is stopped is not robbed, however long it is; by force it is, and ended for that.
import { setTimeout as pause } from "node:timers/promises";
import { type JobQueue, isCodedError, openJobQueue } from "../src/index.ts";
import { type Crew, type Member, openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const WORKERS = 5;
/** A worker without a sign of life counts as not answering after 10 s; it gives one every 2 s. */
const SHOWN_LIMIT_MS = 20_000;

export async function stop({ seconds = 60, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const counts = { stops: 0, freezes: 0, ended: 0, zombies: 0, refusedWhileAnswering: 0, busy: 0 };
  const wrong = { notShown: 0, forcedWhileAnswering: 0, notEnded: 0 };
  const shown: number[] = [];
  const setting = { durability: "process", tolerant: true, hold: 400 } as const;
  const queue = await openJobQueue({ path: crew.path, durability: "process" });
  // One whose hands are tied: it cannot end processes, as another user's front end could not.
  const tied = await openJobQueue({
    path: crew.path,
    durability: "process",
    ports: { processes: { startOf: () => undefined, end: async () => false } },
  });
  const frozen = new Set<Member>();

  async function flicker(): Promise<void> {
    while (elapsed() < seconds) {
      const free = crew.members.filter((each) => each.role === "worker" && !frozen.has(each));
      const victim = free[crew.between(0, free.length)];
      if (!victim) throw new Error("no worker is left");
      frozen.add(victim);
      victim.process.kill("SIGSTOP");
      counts.stops += 1;
      await pause(crew.between(20, 2_000));
      victim.process.kill("SIGCONT");
      frozen.delete(victim);
      await pause(crew.between(1, 200));
    }
  }

  async function freeze(): Promise<void> {
    while (elapsed() < seconds) {
      const victim = await holder(queue, crew, frozen);
      if (!victim) {
        await pause(20);
        continue;
      }
      victim.process.kill("SIGSTOP");
      counts.freezes += 1;
      await frozenOne(victim);
      frozen.delete(victim);
    }
  }

  async function frozenOne(victim: Member): Promise<void> {
    const pid = victim.process.pid as number;
    const since = monotonic();
    const [first] = await heldBy(queue, pid);
    // One that was continued just now may not have said so yet.
    if (first !== undefined && (await answers(queue, pid))) {
      const said = await codeOf(queue.service.retry(first, { force: true }));
      if (said === "WORKER_ANSWERS") counts.refusedWhileAnswering += 1;
      else if (said === undefined) wrong.forcedWhileAnswering += 1;
    }
    while (await answers(queue, pid)) {
      if (monotonic() - since > SHOWN_LIMIT_MS) {
        wrong.notShown += 1;
        return void victim.process.kill("SIGCONT");
      }
      await pause(50);
    }
    shown.push(monotonic() - since);
    if (!(await queue.workers()).some((worker) => worker.pid === pid)) wrong.notShown += 1;
    const job = (await heldBy(queue, pid))[0];
    if (job === undefined) return void victim.process.kill("SIGCONT");
    if (crew.chance() < 0.5) {
      crew.ran("K", 0, pid, "heir", monotonic(), Date.now());
      const said = await codeOf(queue.service.retry(job, { force: true }));
      // Another one may have been stopped within its transaction. The process of this one was ended before the store was asked.
      if (said === "STORE_BUSY") counts.busy += 1;
      await pause(100);
      if (!crew.isGone(victim)) wrong.notEnded += 1;
      counts.ended += 1;
      await crew.kill(victim);
      crew.start("worker", { setting });
    } else {
      // Its transaction may be the one that was stopped; then nobody can take anything from it without ending it.
      crew.ran("R", job, pid, "-", monotonic(), Date.now());
      await tied.service.retry(job, { force: true }).catch(() => undefined);
      await pause(crew.between(0, 1_500));
      victim.process.kill("SIGCONT");
      counts.zombies += 1;
    }
  }

  try {
    for (let i = 0; i < WORKERS; i++) crew.start("worker", { setting });
    for (let i = 0; i < 2; i++) crew.start("producer", { setting });
    await crew.until(() => crew.members.every(({ done }) => done > 0));
    await Promise.all([flicker(), freeze(), freeze()]);
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts: figures, restarts, wrong: found } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    return {
      seed,
      seconds: elapsed(),
      ...counts,
      ...figures,
      /** Milliseconds from SIGSTOP until the worker was shown as not answering; from the force until the job began again. */
      shownAfter: spread(shown),
      restartAfterForce: spread(restarts),
      wrong: { ...found, ...wrong },
    };
  } finally {
    await Promise.all([queue.stop(), tied.stop()]);
    crew.dispose();
  }
}

const answers = async (queue: JobQueue, pid: number): Promise<boolean> =>
  (await queue.workers()).some((worker) => worker.pid === pid && worker.answering);

async function heldBy(queue: JobQueue, pid: number): Promise<number[]> {
  const { items } = await queue.service.list({ state: "processing", limit: 1_000 });
  return items.flatMap((job) => (job.worker?.pid === pid ? [job.number] : []));
}

/** A worker that holds a job and that nobody else is at; it counts as frozen from here on. */
async function holder(queue: JobQueue, crew: Crew, frozen: Set<Member>): Promise<Member | undefined> {
  for (const member of crew.members) {
    if (member.role !== "worker" || frozen.has(member) || crew.isGone(member)) continue;
    const held = await heldBy(queue, member.process.pid as number);
    if (held.length === 0 || frozen.has(member) || crew.isGone(member)) continue;
    frozen.add(member);
    return member;
  }
  return undefined;
}

async function codeOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return error.code;
  }
}
