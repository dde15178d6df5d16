import { resolve } from "node:path";
import { openJobQueue, type JobQueue } from "@brains/job-queue";
import {
  createShell,
  findBrain,
  fingerprintOf,
  loadPlugins,
  openTrustStore,
  prepareHome,
  type Brain,
  type BrainSearch,
  type Logger,
  type OwnedShell,
} from "@brains/shell";
import { BUNDLED_PLUGINS } from "./bundled-plugins.ts";

export interface OpenBrainOptions {
  /** The app's version. */
  readonly version: string;
  /** Load the plugins' code; without it only the shell's own verbs are there. */
  readonly plugins: boolean;
  readonly log?: Logger | undefined;
  readonly onRunnable?: (() => void) | undefined;
}

/** A brain with its store open. Jobs run here only after `queue.start()`. */
export interface OpenBrain {
  readonly brain: Brain;
  readonly queue: JobQueue;
  readonly shell: OwnedShell;
  close(): Promise<void>;
}

/** Opens the store, loads the plugins if wanted, and makes the shell. Leaves nothing open when any of it fails. */
export async function openBrain(brain: Brain, env: BrainSearch["env"], options: OpenBrainOptions): Promise<OpenBrain> {
  const { version, log, onRunnable } = options;
  const { worker, durability, retention, people, programs, approvals } = brain.config;
  // Before the store is touched: what is wrong with a plugin, or a folder that is not trusted, leaves no trace.
  const plugins = options.plugins
    ? await loadPlugins(brain, { bundled: BUNDLED_PLUGINS, trust: openTrustStore(env) })
    : undefined;
  await prepareHome(brain);
  const queue = await openJobQueue({
    path: brain.storePath,
    durability,
    concurrency: worker.concurrency,
    // Those that have to wait do so in the queue, not in a slot.
    pluginConcurrency: { ...sharesOfPrograms(programs.concurrency), ...worker.shares },
    grace: worker.grace * 1000,
    retention: {
      maxAge: retention.days === undefined ? undefined : retention.days * 86_400_000,
      maxJobs: retention.jobs,
      maxBytes: retention.megabytes === undefined ? undefined : retention.megabytes * 1024 * 1024,
    },
    fingerprint: options.plugins ? await fingerprint(brain, version) : undefined,
    onInternalError: (error, where) =>
      log?.error(`in ${where}: ${error instanceof Error ? error.message : String(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
  try {
    const { dir: brainDir, home } = brain;
    const workerGrace = worker.grace * 1000;
    const config = { people, programs, approvals, workerGrace, ownFiles: ownFilesOf(brain) };
    const shell = await createShell({ queue, plugins, brainDir, home, log, onRunnable, ...config });
    return {
      brain,
      queue,
      shell,
      async close() {
        try {
          await shell.stop();
        } finally {
          await queue.stop();
        }
      },
    };
  } catch (error) {
    await queue.stop();
    throw error;
  }
}

function sharesOfPrograms(concurrency: number): Readonly<Record<string, number>> {
  return { commands: concurrency, code: concurrency };
}

/** What a worker must run to be a worker of this brain as it was read. */
export function fingerprint(brain: Brain, version: string): Promise<string> {
  return fingerprintOf(brain, { version, bundled: BUNDLED_PLUGINS });
}

/** The same for the brain as its files are now; undefined when they are not in order. */
export async function presentFingerprint(search: BrainSearch, version: string): Promise<string | undefined> {
  try {
    return await fingerprint(await findBrain(search), version);
  } catch {
    return undefined;
  }
}

function ownFilesOf({ dir, configFile, config }: Brain): string[] {
  return [configFile ?? [], ...config.plugins.map(({ path }) => (path === undefined ? [] : resolve(dir, path)))].flat();
}
