import type { BatchOperation } from "@brains/job-queue";
import type {
  AnyJob,
  BatchItem,
  EnqueueBatchOptions,
  EnqueueJobOptions,
  JobHandler,
  JobHandlerOptions,
  Logger,
  PluginContext,
} from "@brains/plugin";
import { BrainsError } from "./errors.ts";
import { fullName } from "./names.ts";
import { didYouMean } from "@brains/plugin/nearest";
import { newScope } from "./scope.ts";
import type { Environment, Scope } from "./scope.ts";

/** A loaded plugin, as its contexts need it. */
export interface PluginRuntime {
  readonly id: string;
  readonly config: unknown;
  readonly dataDir: string;
  readonly log: Logger;
  /** Full names of the job types that have a handler. */
  readonly types: ReadonlySet<string>;
  addHandler(job: AnyJob): void;
  addHandler(type: string, handler: JobHandler, options?: JobHandlerOptions): void;
}

/**
 * The context of a plugin. Bound to a scope where one is given; else it acts for the call or job whose code is running (so that a handler that uses the
 * context it got in `register` still passes the origin on), and outside of both for the plugin itself.
 */
export function createContext(env: Environment, plugin: PluginRuntime, bound?: Scope): PluginContext {
  const own = () => bound ?? env.scopes.getStore() ?? scopeOfPlugin(plugin.id);
  const space = `plugin:${plugin.id}`;
  const { service, batches, kv } = env.queue;
  return {
    pluginId: plugin.id,
    config: plugin.config,
    log: plugin.log,
    brainDir: env.brainDir,
    dataDir: plugin.dataDir,
    kv: {
      get: async <T>(key: string) => (await kv.get(space, key)) as T | undefined,
      set: (key, value) => kv.set(space, key, value),
      delete: (key) => kv.delete(space, key),
      list: (prefix) => kv.list(space, prefix),
    },
    enqueueJob: async (job: string | AnyJob, data: unknown, options: EnqueueJobOptions = {}) => {
      const scope = own();
      const key = scope.nextKey();
      const type = typeOf(plugin, typeof job === "string" ? job : job.type);
      const enqueued = await service.enqueue(type, data, {
        ...options,
        after: [...scope.after, ...listOf(options.after)],
        idempotencyKey: options.idempotencyKey ?? key,
        origin: scope.origin,
      });
      const { jobId: id, number, duplicate } = enqueued;
      scope.enqueued.push({ kind: "job", id, number, label: options.label ?? type, duplicate });
      env.onRunnable();
      return enqueued;
    },
    async enqueueBatch(items, options: EnqueueBatchOptions = {}) {
      const scope = own();
      const key = scope.nextKey();
      const operations = items.map((item) => operationOf(plugin, item));
      const enqueued = await batches.enqueueBatch(operations, {
        ...options,
        after: [...scope.after, ...listOf(options.after)],
        idempotencyKey: options.idempotencyKey ?? key,
        origin: scope.origin,
      });
      const { batchId: id, number, duplicate } = enqueued;
      // The first jobs of an open batch plan it: how many operations there will be is not known yet.
      const total = options.open === true ? undefined : enqueued.totalOperations;
      const label = options.label ?? operations[0]?.type ?? "batch";
      scope.enqueued.push({ kind: "batch", id, number, label, total, unit: options.unit, duplicate });
      env.onRunnable();
      return enqueued;
    },
    programs: { judge: (request) => env.programs.judge(request), policy: () => env.programs.policy() },
    registerJobHandler: plugin.addHandler,
    getJobStatus: (id) => service.getStatus(id),
    getBatchStatus: (id) => batches.getBatchStatus(id),
    waitForJob: (id, options = {}) => service.wait(id, options),
    getActiveBatches: async () => [...(await batches.list({ active: true, plugin: plugin.id, limit: 1000 })).items],
    callTool: (name, input) => env.callTool(name, input, own()),
    listTools: () => env.listTools(own().caller),
  };
}

/** The full type of one of the plugin's own jobs. */
export function typeOf(plugin: PluginRuntime, name: string): string {
  const type = fullName(plugin.id, name, "job type");
  if (plugin.types.has(type)) return type;
  const known = [...plugin.types].map((full) => full.slice(plugin.id.length + 1));
  const which = known.length === 0 ? " It has no jobs." : ` It has: ${known.join(", ")}.`;
  const bare = type.slice(plugin.id.length + 1);
  throw new BrainsError(
    "UNKNOWN_JOB",
    `The plugin ${plugin.id} has no job "${bare}".${didYouMean(bare, known) || which}`,
  );
}

function operationOf(plugin: PluginRuntime, item: BatchItem): BatchOperation {
  const { job, type, ...rest } = item;
  return { ...rest, type: typeOf(plugin, job === undefined ? type : job.type) };
}

function scopeOfPlugin(id: string): Scope {
  const principal = `plugin:${id}`;
  return newScope(
    { principal, role: "operator", interface: "plugin", kind: "model" },
    { principal, role: "operator", interface: "plugin" },
  );
}

function listOf(ids: EnqueueJobOptions["after"]): readonly (string | number)[] {
  if (ids === undefined) return [];
  return typeof ids === "object" ? ids : [ids];
}
