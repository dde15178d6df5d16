// Schedules that plugins declare. They are rows of the store, so they belong to the brain and not to the process that loaded the plugin.
import { isCodedError } from "@brains/job-queue/handler";
import type { JobQueue, ScheduleDefinition } from "@brains/job-queue";
import type { AnyPlugin, PluginSchedule } from "@brains/plugin";
import { typeOf } from "./context.ts";
import type { PluginRuntime } from "./context.ts";
import { BrainsError } from "./errors.ts";
import { fullName } from "./names.ts";

/** So that a schedule of an application that shares the store is never taken for a plugin's. */
const OWNER = "plugin:";

/** The plugin that declares a schedule. */
export function pluginOfOwner(owner: string | undefined): string | undefined {
  return owner?.startsWith(OWNER) === true ? owner.slice(OWNER.length) : undefined;
}

/** Makes the store's schedules of a plugin those it declares: others of it go, what they enqueued stays. True if there are any. */
export async function declareSchedules(queue: JobQueue, runtime: PluginRuntime, plugin: AnyPlugin): Promise<boolean> {
  const definitions = (plugin.schedules ?? []).map((schedule) => definitionOf(runtime, schedule));
  try {
    return (await queue.schedules.reconcile(`${OWNER}${plugin.id}`, definitions)).length > 0;
  } catch (error) {
    if (!isCodedError(error) || !["INVALID_OPTION", "INVALID_DATA", "INVALID_STATE", "TOO_LARGE"].includes(error.code))
      throw error;
    const message = `A schedule of the plugin ${plugin.id} is refused. ${error.message}`;
    throw new BrainsError("INVALID_PLUGIN", message, { cause: error });
  }
}

/** Removes the schedules of plugins that are none of these. */
export async function forgetSchedules(queue: JobQueue, gone: (plugin: string) => boolean): Promise<void> {
  const owners = new Set((await queue.schedules.list()).map(({ owner }) => owner));
  for (const owner of owners) {
    const plugin = pluginOfOwner(owner);
    if (plugin !== undefined && gone(plugin)) await queue.schedules.reconcile(`${OWNER}${plugin}`, []);
  }
}

function definitionOf(runtime: PluginRuntime, schedule: PluginSchedule): ScheduleDefinition {
  const { name, job, ...rest } = schedule;
  return {
    ...rest,
    name: fullName(runtime.id, name, "schedule"),
    job: typeOf(runtime, typeof job === "string" ? job : job.type),
    // Nobody asked for it, so it may do what the plugin itself may.
    origin: { principal: `plugin:${runtime.id}`, role: "operator", interface: "schedule" },
  };
}
