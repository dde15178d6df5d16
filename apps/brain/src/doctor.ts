import { resolve } from "node:path";
import type { BrainOptions, DoctorFinding, DoctorReport } from "@brains/cli";
import { backupStore, type Backup } from "@brains/job-queue/backup";
import { diagnose, salvage, type Salvaged } from "@brains/job-queue/doctor";
import {
  examinePrograms,
  findBrain,
  isCodedError,
  loadPlugins,
  openTrustStore,
  type AnyPlugin,
  type Brain,
} from "@brains/shell";
import { BUNDLED_PLUGINS } from "./bundled-plugins.ts";

/** Looks at config, plugins and store, and changes nothing. What is wrong with them is a finding, not an error. */
export async function examine(options: BrainOptions): Promise<DoctorReport> {
  let brain: Brain;
  try {
    brain = await findBrain(options);
  } catch (error) {
    const next = "Correct the config; the store is looked at then, or now with --home.";
    return { healthy: false, findings: [failed("config", error, next)] };
  }
  const config: DoctorFinding = { check: "config", level: "ok", message: brain.configFile ?? "none, so its defaults" };
  const plugins = await pluginsOf(brain, options.env);
  const { findings } = diagnose(brain.storePath, { hasHandler: plugins.hasHandler });
  const all = [config, plugins.finding, ...findings, ...(await examinePrograms(brain))];
  return { healthy: all.every(({ level }) => level !== "error"), store: brain.storePath, findings: all };
}

export async function backupBrain(options: BrainOptions, file: string): Promise<Backup> {
  const brain = await findBrain(options);
  return backupStore(brain.storePath, resolve(options.cwd, file));
}

export async function salvageBrain(options: BrainOptions, file: string): Promise<Salvaged> {
  const brain = await findBrain(options);
  return salvage(brain.storePath, resolve(options.cwd, file));
}

interface Plugins {
  readonly finding: DoctorFinding;
  readonly hasHandler?: (type: string) => boolean | undefined;
}

/** Their code is loaded, none of it is called. */
async function pluginsOf(brain: Brain, env: BrainOptions["env"]): Promise<Plugins> {
  const check = "plugins";
  try {
    const entries = await loadPlugins(brain, { bundled: BUNDLED_PLUGINS, trust: openTrustStore(env) });
    const plugins = entries.map(({ plugin }) => plugin as AnyPlugin);
    const message = plugins.length === 0 ? "none" : plugins.map(({ id }) => id).join(", ");
    return { finding: { check, level: "ok", message }, hasHandler: (type) => hasHandler(plugins, type) };
  } catch (error) {
    if (isCodedError(error) && error.code === "UNTRUSTED")
      return { finding: { ...failed(check, error, "Read them, then: brains trust"), level: "warn" } };
    return { finding: failed(check, error, "Correct the plugin, or its entry in brains.yaml.") };
  }
}

/** Undefined where a plugin may register it when it is started. */
function hasHandler(plugins: readonly AnyPlugin[], type: string): boolean | undefined {
  const [id = "", bare] = type.split(":");
  const plugin = plugins.find((each) => each.id === id);
  if (plugin === undefined) return false;
  if (plugin.jobs?.some((job) => job.type === type || job.type === bare) === true) return true;
  return plugin.register === undefined && plugin.start === undefined ? false : undefined;
}

function failed(check: string, error: unknown, next: string): DoctorFinding {
  const said = error instanceof Error ? error.message : String(error);
  return { check, level: "error", message: said.replaceAll(/\s+/g, " "), next };
}
