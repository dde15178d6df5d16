// From what a plugin defines to what the queue runs.
import type { HandlerOptions } from "@brains/job-queue";
import { failJob } from "@brains/plugin";
import type { AddedOperation, AnyJob, JobContext, JobHandler, JobHandlerOptions, RunningJob } from "@brains/plugin";
import { createContext, typeOf } from "./context.ts";
import type { PluginRuntime } from "./context.ts";
import { fieldProblems } from "./field-problems.ts";
import type { JobPrograms } from "./programs/lazy.ts";
import { callerOfOrigin } from "./rights.ts";
import { newScope } from "./scope.ts";
import type { Environment, Scope } from "./scope.ts";

export interface QueueHandler {
  readonly handler: JobHandler;
  readonly options: HandlerOptions;
}

/** The handler of a job definition. */
export function handlerOfJob(
  env: Environment,
  plugin: PluginRuntime,
  job: AnyJob,
  pluginVersion?: string,
): QueueHandler {
  const handler: JobHandler = {
    process(data, _jobId, running) {
      const scope = scopeOfJob(plugin, running);
      return env.scopes.run(scope, () =>
        withPrograms(env, plugin, pluginVersion, running, async (runningJob) =>
          checkOutput(job, await job.run(data, runningJob, createContext(env, plugin, scope))),
        ),
      );
    },
  };
  if (job.onError !== undefined) handler.onError = (error, data, jobId) => job.onError?.(error, data, jobId);
  return { handler, options: { ...policyOf(job), schema: job.input, pluginVersion } };
}

/** The handler of the imperative form, which may be an instance of the author's own class. */
export function handlerOfMethods(
  env: Environment,
  plugin: PluginRuntime,
  methods: JobHandler,
  options: JobHandlerOptions = {},
  pluginVersion?: string,
): QueueHandler {
  const handler: JobHandler = {
    process(data, jobId, running) {
      return env.scopes.run(scopeOfJob(plugin, running), () =>
        withPrograms(env, plugin, pluginVersion, running, (runningJob) => methods.process(data, jobId, runningJob)),
      );
    },
  };
  if (methods.validateAndParse !== undefined)
    handler.validateAndParse = (data) => methods.validateAndParse?.(data) ?? null;
  if (methods.onError !== undefined) handler.onError = (error, data, jobId) => methods.onError?.(error, data, jobId);
  return { handler, options: { ...policyOf(options), pluginVersion } };
}

function policyOf(from: JobHandlerOptions): HandlerOptions {
  const { version, concurrency, timeout, maxAttempts, maxRetries, backoff, afterCrash, rate, stallAfter } = from;
  return { version, concurrency, timeout, maxAttempts, maxRetries, backoff, afterCrash, rate, stallAfter };
}

function scopeOfJob(plugin: PluginRuntime, job: JobContext): Scope {
  const origin = job.origin ?? { principal: `plugin:${plugin.id}`, role: "operator", interface: "plugin" };
  return newScope(callerOfOrigin(origin), origin);
}

/** Runs a handler with programs, whose log is closed when it has ended. */
async function withPrograms<T>(
  env: Environment,
  plugin: PluginRuntime,
  version: string | undefined,
  job: JobContext,
  handler: (job: RunningJob) => T | Promise<T>,
): Promise<T> {
  const programs = env.programs.ofJob(job, version === undefined ? plugin.id : `${plugin.id} ${version}`);
  try {
    return programs.masked(await handler(runningJob(plugin, job, programs)));
  } catch (error) {
    throw programs.maskedError(error);
  } finally {
    if (programs.used) await programs.end();
  }
}

/** The job's context, with the plugin's own type names in `addToBatch`, and programs. */
function runningJob(plugin: PluginRuntime, job: JobContext, programs: JobPrograms): RunningJob {
  return {
    id: job.id,
    number: job.number,
    type: job.type,
    run: job.run,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    label: job.label,
    batchId: job.batchId,
    origin: job.origin,
    signal: job.signal,
    progress: (progress) => job.progress(programs.masked(progress)),
    log: (text, stream) => programs.log(text, stream),
    step: (name, fn, options) => job.step(name, async (review) => programs.masked(await fn(review)), options),
    requestDecision: (request) => job.requestDecision(programs.masked(request)),
    waitFor: (ids) => job.waitFor(ids),
    sleep: (ms) => job.sleep(ms),
    addToBatch: (operations: readonly AddedOperation[]) =>
      job.addToBatch(operations.map((operation) => ({ ...operation, type: typeOf(plugin, operation.type) }))),
    readInput: () => job.readInput(),
    waitsForInput: (waits) => job.waitsForInput(waits),
    stillWorking: () => job.stillWorking(),
    runProgram: (request) => programs.run(request),
  };
}

/** A result that does not fit its schema fails the job at once: the same code would give the same again. */
function checkOutput(job: AnyJob, result: unknown): unknown {
  const reportsFailure =
    typeof result === "object" && result !== null && "success" in result && result.success === false;
  if (job.output === undefined || reportsFailure) return result;
  const parsed = job.output.safeParse(result);
  if (parsed.success) return parsed.data;
  throw failJob(`The result does not fit the job's output schema: ${fieldProblems(parsed.error.issues).join("; ")}`);
}
