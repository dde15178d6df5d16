import { AsyncLocalStorage } from "node:async_hooks";
import type { AnyPlugin, Caller, Logger } from "@brains/plugin";
import { dispatch, dispatchNested } from "./dispatch.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Shell } from "./contract.ts";
import { BrainsError, messageOf } from "./errors.ts";
import { followEvents } from "./follow.ts";
import { NO_LOG } from "./log.ts";
import { forgetSchedules } from "./plugin-schedules.ts";
import { Plugins } from "./plugins.ts";
import type { PluginEntry } from "./plugins.ts";
import type { JobQueue } from "@brains/job-queue";
import type { ApprovalsInput, ProgramsInput } from "./config/programs.ts";
import { lazyPrograms } from "./programs/lazy.ts";
import { RepeatedCalls } from "./repeated-calls.ts";
import { checkCaller, joinIdentities } from "./rights.ts";
import type { Environment, Scope } from "./scope.ts";
import { ToolTable } from "./tool-table.ts";
import { interruptedVerb } from "./verbs/interrupted.ts";
import { logsVerb } from "./verbs/logs.ts";
import { lookVerbs } from "./verbs/look.ts";
import { pauseVerbs } from "./verbs/pause.ts";
import { policyVerb } from "./verbs/policy.ts";
import { schedulesVerb } from "./verbs/schedules.ts";
import { sendVerb } from "./verbs/send.ts";
import { statusVerb } from "./verbs/status.ts";
import { steerVerbs } from "./verbs/steer.ts";
import { waitVerb } from "./verbs/wait.ts";

export interface ShellOptions {
  /** An open queue. The shell neither starts nor stops it. */
  readonly queue: JobQueue;
  /** The brain's folder. */
  readonly brainDir: string;
  /** The brain's home: plugins get folders of their own in it. */
  readonly home: string;
  /** Besides brains.yaml, files that no rule lets a program at unasked: a config of another name, and the brain's plugins. Absolute. */
  readonly ownFiles?: readonly string[] | undefined;
  /** Absent: only the shell's own verbs are there, and nothing is said about missing handlers. */
  readonly plugins?: readonly (AnyPlugin | PluginEntry)[] | undefined;
  /** Person → identities (`interface:principal`) that are this person's. */
  readonly people?: Readonly<Record<string, readonly string[]>> | undefined;
  /** What the config says of programs, and of approvals. */
  readonly programs?: ProgramsInput | undefined;
  readonly approvals?: ApprovalsInput | undefined;
  /** Milliseconds that a job gets to end when it is told to stop, as the queue has it. Default 5000. */
  readonly workerGrace?: number | undefined;
  /** Default: nowhere. */
  readonly log?: Logger | undefined;
  /** Called after anything that may have made a job runnable, so that a worker can be started. Must be cheap. */
  readonly onRunnable?: (() => void) | undefined;
  /** A plugin that does not load. Default: createShell fails with its error. */
  readonly onPluginError?: ((error: unknown, from: string) => void) | undefined;
  /** Milliseconds: a tool's answer (10 000), a plugin's `register` and `start` (30 000), its `stop` (10 000). */
  readonly limits?: { readonly answer?: number; readonly start?: number; readonly stop?: number } | undefined;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
}

/** A shell with what its owner may do besides: load and unload plugins. */
export interface OwnedShell extends Shell {
  /** Ids of the loaded plugins. */
  readonly plugins: readonly string[];
  loadPlugin(plugin: AnyPlugin | PluginEntry): Promise<void>;
  /** Removes its handlers, tools and schedules; its jobs stay, and are shown as having no handler. */
  unloadPlugin(id: string): Promise<void>;
  /** For a worker, before it claims jobs: ends what programs of dead workers left behind, and removes output of jobs that are gone; later each hour. */
  prepareWork(): Promise<void>;
}

export async function createShell(options: ShellOptions): Promise<OwnedShell> {
  const { queue, log = NO_LOG, now = Date.now, limits = {}, onRunnable = () => {} } = options;
  const tools = new ToolTable();
  const join = joinIdentities(options.people ?? {});
  let stopped: Promise<void> | undefined;

  const programs = lazyPrograms({ ...options, log, now });
  const env: Environment = {
    queue,
    log,
    now,
    onRunnable,
    scopes: new AsyncLocalStorage<Scope>(),
    brainDir: options.brainDir,
    home: options.home,
    programs,
    callTool: (name, input, scope) => {
      const caller: Caller = { ...scope.caller, kind: "model" };
      return dispatchNested(on, tools.find(name, caller), input, caller, scope);
    },
    listTools: (caller) =>
      tools.list({ ...caller, kind: "model" }).map(({ name, description }) => ({ name, description })),
  };
  const on: Dispatch = { env, repeated: new RepeatedCalls(queue), answerLimit: limits.answer ?? 10_000 };
  const plugins = new Plugins(env, tools, { start: limits.start ?? 30_000, stop: limits.stop ?? 10_000 });
  const handlers = () => (options.plugins === undefined ? undefined : new Set(queue.service.getRegisteredTypes()));
  const { home } = options;
  const requesterMayDecide = options.approvals?.requesterMayDecide ?? true;
  const ports = { queue, now, onRunnable, handlers, home, requesterMayDecide, tidy: () => programs.tidy() };
  tools.add([
    statusVerb(ports),
    ...lookVerbs(ports),
    logsVerb(ports),
    waitVerb(ports),
    ...steerVerbs(ports),
    sendVerb(ports),
    ...pauseVerbs(ports),
    schedulesVerb(ports),
    policyVerb(programs),
    interruptedVerb(ports),
  ]);

  const admit = (caller: Caller): Caller => {
    if (stopped !== undefined) throw new BrainsError("SHELL_STOPPED");
    checkCaller(caller);
    return join(caller);
  };

  const stopAll = async () => {
    try {
      await plugins.stop();
    } finally {
      await programs.stop();
    }
  };

  const shell: OwnedShell = {
    get plugins() {
      return plugins.ids;
    },
    async callTool(name, input, given, callOptions = {}) {
      const caller = admit(given);
      return dispatch(on, tools.find(name, caller), input, caller, callOptions);
    },
    listTools: (given) => tools.list(admit(given)),
    follow: (given, listener, followOptions = {}) => followEvents(queue, log, admit(given), listener, followOptions),
    async workers() {
      const live = await queue.workers();
      return live.map(({ pid, state, answering, fingerprint }) => ({ pid, state, answering, fingerprint }));
    },
    async loadPlugin(plugin) {
      await plugins.load(entryOf(plugin));
    },
    async unloadPlugin(id) {
      await plugins.unload(id);
      await forgetSchedules(queue, (plugin) => plugin === id);
    },
    prepareWork: () => programs.prepareWork(),
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
  };
  const all = await loadAll(plugins, options);
  // A plugin that does not load today is not gone.
  if (all && options.plugins !== undefined) await forgetSchedules(queue, (plugin) => !plugins.ids.includes(plugin));
  return shell;
}

/** True if all of them loaded. */
async function loadAll(
  plugins: Plugins,
  { plugins: given = [], onPluginError, log = NO_LOG }: ShellOptions,
): Promise<boolean> {
  let all = true;
  for (const plugin of given) {
    const entry = entryOf(plugin);
    try {
      // One after the other: a plugin may rely on those before it.
      await plugins.load(entry);
    } catch (error) {
      log.error("a plugin did not load", { from: entry.from, error: messageOf(error) });
      if (onPluginError === undefined) {
        await plugins.stop().catch((also: unknown) => log.error("a plugin did not stop", { error: messageOf(also) }));
        throw error;
      }
      onPluginError(error, entry.from);
      all = false;
    }
  }
  return all;
}

function entryOf(plugin: AnyPlugin | PluginEntry): PluginEntry {
  return "from" in plugin ? plugin : { plugin, from: "the list of plugins" };
}
