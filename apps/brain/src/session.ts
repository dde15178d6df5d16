import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { jobAround, type AppSession, type OpenOptions } from "@brains/cli";
import { findBrain, openBrainLog, type Caller } from "@brains/shell";
import { watchForCrash } from "./crash-watch.ts";
import { fingerprint, openBrain, presentFingerprint, type OpenBrain } from "./open-brain.ts";
import { appVersion } from "./version.ts";
import { workerKeeper, type WorkerKeeper } from "./worker-keeper.ts";
import { takeOffice, type Office } from "./worker-office.ts";
import { ensureWorker } from "./worker-start.ts";

/** A front end's brain: open, with somebody who sees to it that a worker runs what is enqueued. */
export interface FrontEnd extends OpenBrain {
  readonly keeper: WorkerKeeper;
}

export async function openFrontEnd(options: Omit<OpenOptions, "interface">): Promise<FrontEnd> {
  const { env, plugins } = options;
  const version = appVersion();
  const brain = await findBrain(options);
  let ours: Promise<string> | undefined;
  const keeper = workerKeeper(async () =>
    ensureWorker({
      queue: opened.queue,
      brain,
      env,
      fingerprint: () => (ours ??= fingerprint(brain, version)),
      presentFingerprint: () => presentFingerprint(options, appVersion()),
    }),
  );
  const opened = await openBrain(brain, env, {
    version,
    plugins,
    // Only what goes wrong: the worker's own entries are what people look for there.
    log: openBrainLog({ file: brain.logFile, level: "warn" }),
    onRunnable: () => keeper.look(),
  });
  const inProcess = options.inProcess === true && plugins;
  if (plugins && !inProcess) await replaceOutdated(opened, keeper);
  const office = inProcess ? await workHere(opened) : undefined;
  const watch = watchForCrash(opened.queue, keeper);
  return {
    ...opened,
    keeper,
    async close() {
      watch.end();
      await keeper.settled();
      await office?.leave(opened.queue, brain.config.worker.grace * 1000);
      await opened.close();
    },
  };
}

/**
 * A worker that still has yesterday's code of a plugin would take the first job that is enqueued after a change, so it is replaced before.
 * That no other could be started is heard of when one is needed.
 */
async function replaceOutdated({ queue }: OpenBrain, keeper: WorkerKeeper): Promise<void> {
  if ((await queue.workers()).some(({ state }) => state === "running")) await keeper.ensure().catch(() => undefined);
}

/** Runs jobs in this process, unless the brain has a worker already. */
async function workHere({ queue, shell }: OpenBrain): Promise<Office | undefined> {
  const office = await takeOffice(queue);
  if (!office) return undefined;
  await shell.prepareWork();
  await queue.start();
  queue.worker.onDrain = () => void office.leave(queue, "drain");
  return office;
}

/** The session of a person at a terminal. */
export async function openSession(options: OpenOptions): Promise<AppSession> {
  const frontEnd = await openFrontEnd(options);
  const { brain, shell, keeper, close } = frontEnd;
  const warnings = await takeUpLeftWork(frontEnd);
  return {
    shell,
    caller: localUser(options),
    brain: { name: brain.name, dir: brain.dir, home: brain.home, storePath: brain.storePath },
    warnings,
    ensureWorker: () => keeper.ensure(),
    close,
  };
}

/** Work that a dead worker left behind goes on as soon as anybody looks, and schedules need a worker that fires them. Returns why it cannot. */
export async function takeUpLeftWork({ queue, keeper }: FrontEnd): Promise<string[]> {
  if ((await queue.workers()).length > 0) return [];
  const { items } = await queue.service.list({ active: true, limit: 1 });
  const scheduled = (await queue.schedules.list()).some(({ nextAt }) => nextAt !== undefined);
  if (items.length === 0 && !scheduled) return [];
  await keeper.ensure().catch(() => undefined);
  return [keeper.trouble() ?? []].flat();
}

/** Whoever may open the store may do everything with it, so the local user is an admin; but what a job runs is no person, and decides nothing. */
function localUser({ interface: place, env }: OpenOptions): Caller {
  return {
    principal: userName(),
    role: "admin",
    kind: jobAround(env) === undefined ? "person" : "model",
    interface: place,
    conversation: place === "repl" ? `repl:${randomUUID()}` : undefined,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list of users, as in some containers.
    return `uid-${process.getuid?.() ?? 0}`;
  }
}
