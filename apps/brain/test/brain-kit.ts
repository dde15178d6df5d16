// Real processes on a real brain in a temporary folder.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openJobQueue, type JobQueue } from "@brains/job-queue";
import { openTrustStore } from "@brains/shell";
import { expect, onTestFinished, vi } from "vitest";

// A test here starts several processes one after the other, each of which takes seconds on a machine with much else to do.
vi.setConfig({ testTimeout: 120_000 });

export const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface TestBrain {
  readonly dir: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** `brains <args>` to its end. */
  run(...args: string[]): Promise<Ended>;
  /** `brains <args> --json`, its one object's data; throws when it fails. */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  /** `brains <args>`, left running; ended with the test. */
  start(...args: string[]): ChildProcessWithoutNullStreams;
  /** The store, opened by the test itself: another process, as it were. */
  queue(): Promise<JobQueue>;
  /** The pid of the worker, once there is a live one. */
  worker(): Promise<number>;
  /** What handlers of the test plugin wrote to a ledger. */
  ledger(name: string): Promise<string[]>;
  /** Lets handlers that wait for this gate go on. */
  open(gate: string): Promise<void>;
  write(path: string, text: string): Promise<void>;
}

export interface BrainFiles {
  readonly files?: Readonly<Record<string, string>>;
  readonly trusted?: boolean;
}

/** A brain whose worker and files are gone when the test ends. */
export async function makeBrain({ files = {}, trusted = true }: BrainFiles = {}): Promise<TestBrain> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "brains-e2e-")));
  const dir = join(root, "brain");
  const home = join(dir, ".brains");
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: root,
    XDG_CONFIG_HOME: join(root, "config"),
    XDG_DATA_HOME: join(root, "data"),
    LANG: "C.UTF-8",
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
  };
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  await mkdir(dir, { recursive: true });

  const children = new Set<ChildProcessWithoutNullStreams>();
  const start = (...args: string[]): ChildProcessWithoutNullStreams => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: dir, env });
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  const run = (...args: string[]): Promise<Ended> => ending(start(...args));
  const queues: JobQueue[] = [];

  const brain: TestBrain = {
    dir,
    home,
    env,
    run,
    start,
    write,
    async json<T>(...args: string[]): Promise<T> {
      const ended = await run(...args, "--json");
      if (ended.code !== 0)
        throw new Error(`brains ${args.join(" ")} ended with ${ended.code}: ${ended.stderr || ended.stdout}`);
      return (JSON.parse(ended.stdout) as { data: T }).data;
    },
    async queue() {
      const queue = await openJobQueue({ path: join(home, "brains.db") });
      queues.push(queue);
      return queue;
    },
    async worker() {
      const queue = queues[0] ?? (await brain.queue());
      return vi.waitFor(async () => {
        const live = (await queue.workers()).find((worker) => worker.state === "running" && isAlive(worker.pid));
        if (!live) throw new Error("no live worker");
        return live.pid;
      }, LIMIT);
    },
    async ledger(name) {
      const path = join(dir, `${name}.ledger`);
      return existsSync(path) ? (await readFile(path, "utf8")).split("\n").filter((line) => line !== "") : [];
    },
    async open(gate) {
      await appendFile(join(dir, `${gate}.gate`), "open");
    },
  };

  onTestFinished(async () => {
    // A test that damages its store on purpose has no worker.
    const pids = existsSync(join(home, "brains.db")) ? await workerPids(brain).catch(() => []) : [];
    for (const queue of queues) await queue.stop();
    for (const child of children) child.kill("SIGKILL");
    for (const pid of pids) kill(pid);
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), LIMIT);
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });
  if (trusted && "brains.yaml" in files) await openTrustStore(env).trust(dir);
  return brain;
}

/** How long a condition may take before a test gives up; generous, because other tests run beside. */
export const LIMIT = { timeout: 20_000, interval: 20 } as const;

export async function ending(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const began = performance.now();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end();
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr, milliseconds: performance.now() - began };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Dead, and not yet collected by its parent: a worker's is whoever adopts orphans here, which may take its time.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function workerPids(brain: TestBrain): Promise<number[]> {
  const queue = await brain.queue();
  return (await queue.workers()).map(({ pid }) => pid).filter((pid) => pid !== process.pid);
}
