import type { ZodType, z } from "zod";
import type {
  AnyJob,
  BatchItem,
  BatchItemOptions,
  DefinedInput,
  JobDefinition,
  PluginDefinition,
  PluginJobDefinitions,
  PluginSchedule,
  ToolDefinition,
} from "./contract.ts";

/** A plugin as a value, with `register`, `start` and `stop` typed by its `config` schema. Gives back what it got; the shell checks it at load. */
export function definePlugin<Config extends ZodType = ZodType>(
  plugin: PluginDefinition<Config>,
): PluginDefinition<Config> {
  return plugin;
}

/** A tool as a value: `run`'s input is typed by the `input` schema, after its defaults. */
export function defineTool<Input extends ZodType = ZodType>(tool: ToolDefinition<Input>): ToolDefinition<Input> {
  return tool;
}

/** A job as a value: it registers the handler, and types every enqueue of it. With an `output` schema, `run` must return that. */
export function defineJob<Input extends ZodType, Output>(
  job: JobDefinition<Input, Output>,
): JobDefinition<Input, Output> {
  return job;
}

/** A schedule as a value, its data checked by the job's schema. */
export function defineSchedule<Job extends AnyJob | string>(schedule: PluginSchedule<Job>): PluginSchedule {
  return schedule;
}

/** One member of a batch, its data checked by the job's schema or by `PluginJobDefinitions`. */
export function batchOf<Input extends ZodType, Output>(
  job: JobDefinition<Input, Output>,
  data: z.input<Input>,
  options?: BatchItemOptions,
): BatchItem;
export function batchOf<Type extends keyof PluginJobDefinitions>(
  type: Type,
  data: DefinedInput<Type>,
  options?: BatchItemOptions,
): BatchItem;
export function batchOf<Type extends string>(
  type: Type extends keyof PluginJobDefinitions ? never : Type,
  data?: unknown,
  options?: BatchItemOptions,
): BatchItem;
export function batchOf(job: string | AnyJob, data?: unknown, options: BatchItemOptions = {}): BatchItem {
  return typeof job === "string" ? { ...options, type: job, data } : { ...options, job, data };
}
