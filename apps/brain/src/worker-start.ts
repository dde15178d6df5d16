import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { JobQueue } from "@brains/job-queue";
import type { Brain } from "@brains/shell";
import { AppError } from "./app-error.ts";
import { logTail, openWorkerOutput } from "./worker-log.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
/** Held by the front end that is starting a worker, so that ten at once start one. */
const START_LOCK = "worker-start";
/** Milliseconds a new worker has until it claims jobs. */
const START_LIMIT = 20_000;
const LOOK_EVERY = 20;

/** What a worker inherits from the front end that happened to start it; nothing else, so that no secret of one terminal stays in a long-lived process. */
const ENV_NAMES =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|https?_proxy|no_proxy|BRAINS_\w+|SYSTEMROOT|APPDATA|LOCALAPPDATA|USERPROFILE|PATHEXT|COMSPEC)$/i;

export interface LiveWorker {
  readonly pid: number;
  /** This call started it. */
  readonly started: boolean;
  /** It runs a config or plugins that have changed since this front end read them. */
  readonly newer: boolean;
}

/** The brain for which a worker is wanted. */
export interface WorkerOrder {
  readonly queue: JobQueue;
  readonly brain: Brain;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a worker runs that this front end agrees with. */
  readonly fingerprint: () => Promise<string>;
  /** The same, read anew from the files; undefined while they are not in order. */
  readonly presentFingerprint: () => Promise<string | undefined>;
}

/**
 * Makes sure that a worker which runs this brain's present config and plugins is alive, and starts one if need be. Throws WORKER_NOT_STARTED
 * with the end of its log. Called after an enqueue it leaves no job stranded: a worker that retires does so in a transaction that
 * sees the job, or is seen here as gone.
 */
export async function ensureWorker(order: WorkerOrder): Promise<LiveWorker> {
  const deadline = Date.now() + START_LIMIT;
  for (;;) {
    const live = await liveWorker(order);
    if (live !== undefined) return { ...live, started: false };
    const lock = await order.queue.acquireLock(START_LOCK);
    if (lock) {
      try {
        // Somebody may have started one between the look and the lock.
        const other = await liveWorker(order);
        if (other !== undefined) return { ...other, started: false };
        const mine = await startWorker(order, deadline);
        if (mine !== undefined) return { ...mine, started: true };
      } finally {
        lock.release();
      }
    }
    if (Date.now() > deadline) throw notStarted(order.brain, "another process is starting one and does not get on");
    await delay(LOOK_EVERY);
  }
}

type Found = Omit<LiveWorker, "started">;

/** The worker that claims jobs. One that runs an older config or plugin is asked to finish what it has and to claim no more. */
async function liveWorker({ queue, fingerprint, presentFingerprint }: WorkerOrder): Promise<Found | undefined> {
  const live = (await queue.workers()).filter(({ state }) => state === "running");
  if (live.length === 0) return undefined;
  const ours = await fingerprint();
  for (const worker of live) {
    const { pid } = worker;
    if (worker.fingerprint === ours) return { pid, newer: false };
    // Only on a difference are the files read anew: a front end that has been open for long may itself be the outdated one.
    if (worker.fingerprint === ((await presentFingerprint()) ?? worker.fingerprint)) return { pid, newer: true };
    await queue.requestDrain(worker.id);
  }
  return undefined;
}

/** The new worker once it claims jobs; undefined when it met another worker and left. */
async function startWorker(order: WorkerOrder, deadline: number): Promise<Found | undefined> {
  const { brain } = order;
  const output = openWorkerOutput(brain.logFile);
  const which = [...(brain.configFile === undefined ? [] : ["--config", brain.configFile]), "--home", brain.home];
  const child = spawn(process.execPath, [...process.execArgv, MAIN, "worker", ...which], {
    cwd: brain.dir,
    // A session of its own: neither a closed terminal nor its Ctrl-C reaches it.
    detached: true,
    stdio: ["ignore", output.fd, output.fd],
    env: workerEnv(order.env),
    windowsHide: true,
  });
  closeSync(output.fd);
  const ended = endOf(child);
  try {
    while (Date.now() < deadline) {
      const live = await liveWorker(order);
      if (live !== undefined) return live;
      if (ended.metAnother) return undefined;
      if (ended.how !== undefined) throw notStarted(brain, ended.how, logTail(brain.logFile, output.end));
      await delay(LOOK_EVERY);
    }
    throw notStarted(brain, `it was not ready within ${START_LIMIT / 1000} s`, logTail(brain.logFile, output.end));
  } finally {
    child.unref();
  }
}

function workerEnv(env: WorkerOrder["env"]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => ENV_NAMES.test(name) && name !== "BRAINS_JOB"));
}

function endOf(child: ChildProcess): { how?: string; metAnother: boolean } {
  const ended: { how?: string; metAnother: boolean } = { metAnother: false };
  child.once("error", (error) => (ended.how = error.message));
  child.once("exit", (code, signal) => {
    ended.metAnother = code === 0;
    ended.how = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
  });
  return ended;
}

function notStarted(brain: Brain, why: string, tail: readonly string[] = []): AppError {
  const said = tail.length > 0 ? `\n${tail.map((line) => `  ${line}`).join("\n")}\n` : " ";
  return new AppError(
    "WORKER_NOT_STARTED",
    `No worker could be started: ${why}.${said}The jobs are stored and wait. The whole log: ${brain.logFile}`,
  );
}
