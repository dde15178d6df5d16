import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isCodedError } from "@brains/plugin";
import type { AnyPlugin, AnyTool, PluginContext } from "@brains/plugin";
import type { ZodType } from "zod";
import { createContext } from "./context.ts";
import type { PluginRuntime } from "./context.ts";
import { BrainsError, messageOf } from "./errors.ts";
import { fieldProblems, unknownFields } from "./field-problems.ts";
import { handlerOfJob, handlerOfMethods } from "./handlers.ts";
import type { QueueHandler } from "./handlers.ts";
import { fullName } from "./names.ts";
import { declareSchedules } from "./plugin-schedules.ts";
import { checkHandler, checkJob, checkParts, checkPlugin } from "./plugin-check.ts";
import type { Environment } from "./scope.ts";
import { withTimeLimit } from "./time-limit.ts";
import { infoOf } from "./tool-table.ts";
import type { Tool, ToolTable } from "./tool-table.ts";
import { count } from "./wording.ts";

/** A plugin to load, with its part of the config. */
export interface PluginEntry {
  readonly plugin: unknown;
  readonly config?: unknown;
  /** Where it came from, for messages: a name, a package, a file. */
  readonly from: string;
}

/** Milliseconds that a plugin's hooks may take. */
export interface HookLimits {
  readonly start: number;
  readonly stop: number;
}

interface Loaded {
  readonly plugin: AnyPlugin;
  readonly from: string;
  readonly runtime: PluginRuntime;
  readonly context: PluginContext;
  readonly types: Set<string>;
}

/** The plugins of one shell: their handlers in the queue, their tools in the table. */
export class Plugins {
  readonly #env: Environment;
  readonly #tools: ToolTable;
  readonly #limits: HookLimits;
  readonly #loaded = new Map<string, Loaded>();

  constructor(env: Environment, tools: ToolTable, limits: HookLimits) {
    this.#env = env;
    this.#tools = tools;
    this.#limits = limits;
  }

  get ids(): readonly string[] {
    return [...this.#loaded.keys()];
  }

  /** All or nothing: a plugin that fails anywhere leaves no handler and no tool behind. */
  async load(entry: PluginEntry): Promise<string> {
    const plugin = checkPlugin(entry.plugin, entry.from);
    const other = this.#loaded.get(plugin.id);
    if (other !== undefined) {
      throw new BrainsError(
        "INVALID_PLUGIN",
        `Two plugins are called "${plugin.id}": from ${other.from} and from ${entry.from}.`,
      );
    }
    const config = await configOf(plugin, entry.config);
    const dataDir = join(this.#env.home, "data", plugin.id);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const types = new Set<string>();
    const runtime = this.#runtime(plugin, config, dataDir, types);
    const loaded = { plugin, from: entry.from, runtime, context: createContext(this.#env, runtime), types };
    this.#loaded.set(plugin.id, loaded);
    try {
      for (const job of plugin.jobs ?? []) runtime.addHandler(job);
      const parts = checkParts(await this.#hook(loaded, "register", this.#limits.start), plugin.id);
      this.#tools.add(this.#toolsOf(runtime, [...(plugin.tools ?? []), ...parts]));
      await this.#hook(loaded, "start", this.#limits.start);
      if (await declareSchedules(this.#env.queue, runtime, plugin)) this.#env.onRunnable();
    } catch (error) {
      this.#remove(loaded);
      throw error;
    }
    return plugin.id;
  }

  /** Its handlers and tools go; its waiting jobs stay and are shown as having no handler. */
  async unload(id: string): Promise<void> {
    const loaded = this.#loaded.get(id);
    if (loaded === undefined) throw new BrainsError("PLUGIN_NOT_FOUND", `No plugin "${id}" is loaded.`);
    this.#remove(loaded);
    await this.#hook(loaded, "stop", this.#limits.stop);
  }

  /** Stops all, the last one loaded first; the first error is thrown after all had their turn. */
  async stop(): Promise<void> {
    const errors: unknown[] = [];
    for (const id of this.ids.toReversed()) {
      try {
        await this.unload(id);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #runtime(plugin: AnyPlugin, config: unknown, dataDir: string, types: Set<string>): PluginRuntime {
    const { id, version } = plugin;
    const { queue, log } = this.#env;
    const runtime: PluginRuntime = {
      id,
      config,
      dataDir,
      types,
      log: {
        debug: (message, data) => log.debug(message, { plugin: id, ...data }),
        info: (message, data) => log.info(message, { plugin: id, ...data }),
        warn: (message, data) => log.warn(message, { plugin: id, ...data }),
        error: (message, data) => log.error(message, { plugin: id, ...data }),
      },
      addHandler: (job: unknown, methods?: unknown, options?: object) => {
        const { type, handler } = this.#handlerOf(runtime, job, methods, options, version);
        if (this.#loaded.get(id)?.types !== types)
          throw new BrainsError("SHELL_STOPPED", `The plugin ${id} is not loaded any more.`);
        if (types.has(type))
          throw new BrainsError("INVALID_PLUGIN", `The plugin ${id} has the job type "${type}" twice.`);
        queue.service.registerHandler(type, handler.handler, handler.options);
        types.add(type);
      },
    };
    return runtime;
  }

  #handlerOf(
    runtime: PluginRuntime,
    job: unknown,
    methods: unknown,
    options?: object,
    version?: string,
  ): { type: string; handler: QueueHandler } {
    if (typeof job === "string") {
      const type = fullName(runtime.id, job, "job type");
      checkHandler(methods, type, runtime.id);
      return { type, handler: handlerOfMethods(this.#env, runtime, methods as never, options, version) };
    }
    checkJob(job, runtime.id);
    return {
      type: fullName(runtime.id, job.type, "job type"),
      handler: handlerOfJob(this.#env, runtime, job, version),
    };
  }

  #toolsOf(runtime: PluginRuntime, tools: readonly AnyTool[]): Tool[] {
    const names = tools.map((tool) => fullName(runtime.id, tool.name, "tool"));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      throw new BrainsError("INVALID_PLUGIN", `The plugin ${runtime.id} has the tool "${twice}" twice.`);
    return tools.map((tool, index) => ({
      info: infoOf(runtime.id, names[index] ?? tool.name, tool),
      answer: {
        by: "plugin",
        run: (input, { caller, scope, signal }) =>
          tool.run(input, { ...createContext(this.#env, runtime, scope), caller, signal }),
      },
    }));
  }

  async #hook(loaded: Loaded, name: "register" | "start" | "stop", limit: number): Promise<unknown> {
    const { plugin, context } = loaded;
    if (plugin[name] === undefined) return undefined;
    const failed = (what: string, cause?: unknown) =>
      new BrainsError("PLUGIN_FAILED", `${name} of the plugin ${plugin.id} ${what}`, {
        cause,
        data: { plugin: plugin.id, hook: name },
      });
    try {
      const late = () => failed(`did not end within ${count(limit / 1000, "second")}.`);
      return await withTimeLimit(Promise.resolve(plugin[name](context)), limit, late);
    } catch (error) {
      // What the shell itself refuses (a bad name, a duplicate) says already what is wrong.
      if (isCodedError(error) && error.code in BRAINS_OWN) throw error;
      throw failed(`failed: ${messageOf(error)}`, error);
    }
  }

  #remove(loaded: Loaded): void {
    this.#loaded.delete(loaded.plugin.id);
    this.#tools.removePlugin(loaded.plugin.id);
    for (const type of loaded.types) this.#env.queue.service.unregisterHandler(type);
    loaded.types.clear();
  }
}

const BRAINS_OWN = { INVALID_PLUGIN: true, FOREIGN_NAME: true, NOT_YET: true, PLUGIN_FAILED: true };

async function configOf(plugin: AnyPlugin, given: unknown): Promise<unknown> {
  const schema: ZodType | undefined = plugin.config;
  const wrong = (problems: readonly string[]) =>
    new BrainsError(
      "INVALID_PLUGIN_CONFIG",
      `The config of the plugin ${plugin.id} is not valid: ${problems.join("; ")}`,
      {
        data: { plugin: plugin.id, problems },
      },
    );
  if (schema === undefined) {
    if (given === undefined || given === null) return {};
    throw wrong(["it takes none"]);
  }
  const input = given ?? {};
  const parsed = await schema.safeParseAsync(input);
  const problems = [...unknownFields(schema, input), ...(parsed.success ? [] : fieldProblems(parsed.error.issues))];
  if (!parsed.success || problems.length > 0) throw wrong(problems);
  return parsed.data;
}
