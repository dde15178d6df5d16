// Everything about a plugin that can be wrong is found here, before any of its code runs.
import type { AnyJob, AnyPlugin, AnyTool } from "@brains/plugin";
import { ROLES } from "@brains/plugin";
import { BrainsError } from "./errors.ts";
import { fullName, isKebab } from "./names.ts";
import { didYouMean } from "@brains/plugin/nearest";
import { LONGEST_WAIT } from "./waiting.ts";

type Kind =
  | "string"
  | "function"
  | "object"
  | "array"
  | "schema"
  | "number"
  | "boolean"
  | "job"
  | "missed"
  | "anything";
type Keys = Readonly<Record<string, Kind>>;

const PLUGIN_KEYS: Keys = {
  id: "string",
  version: "string",
  description: "string",
  config: "schema",
  jobs: "array",
  tools: "array",
  resources: "array",
  secrets: "array",
  schedules: "array",
  register: "function",
  start: "function",
  stop: "function",
};
const JOB_KEYS: Keys = {
  type: "string",
  description: "string",
  input: "schema",
  output: "schema",
  version: "string",
  concurrency: "number",
  timeout: "number",
  maxAttempts: "number",
  maxRetries: "number",
  backoff: "object",
  afterCrash: "string",
  rate: "object",
  stallAfter: "number",
  run: "function",
  onError: "function",
};
const TOOL_KEYS: Keys = {
  name: "string",
  title: "string",
  description: "string",
  input: "schema",
  output: "schema",
  visibility: "string",
  role: "string",
  audience: "string",
  annotations: "object",
  wait: "number",
  run: "function",
};
const SCHEDULE_KEYS: Keys = {
  name: "string",
  cron: "string",
  timezone: "string",
  every: "number",
  job: "job",
  data: "anything",
  label: "string",
  priority: "number",
  missed: "missed",
  overlap: "string",
};
const RATE_KEYS: Keys = { limit: "number", per: "number" };
const PARTS_KEYS: Keys = { tools: "array", resources: "array" };
const HANDLER_KEYS: Keys = { process: "function", validateAndParse: "function", onError: "function" };
const ANNOTATION_KEYS: Keys = { readOnly: "boolean", destructive: "boolean", idempotent: "boolean" };
const BACKOFF_KEYS: Keys = { delay: "number", factor: "number", max: "number", jitter: "number" };
const NOT_YET = ["resources", "secrets"] as const;
const DESCRIPTION_BYTES = 2048;

/** The plugin as a checked value. `from` says where it came from, for the message. */
export function checkPlugin(value: unknown, from: string): AnyPlugin {
  if (!isRecord(value))
    throw invalid(`${from} is not a plugin. Export \`definePlugin({ id, … })\` as the default export.`);
  const id = value["id"];
  if (!isKebab(id))
    throw invalid(`The plugin from ${from} needs an \`id\` that is a kebab-name like "site-builder", not ${show(id)}.`);
  if (id === "shell")
    throw invalid(`The plugin from ${from} is called "shell", which is the shell's own name. Choose another id.`);
  checkKeys(value, PLUGIN_KEYS, [], `The plugin ${id}`);
  refuseNotYet(value, id);
  const plugin = value as unknown as AnyPlugin;
  for (const job of plugin.jobs ?? []) checkJob(job, id);
  refuseDuplicates(
    (plugin.jobs ?? []).map((job) => fullName(id, job.type, "job type")),
    "job type",
    id,
  );
  checkTools(plugin.tools, id);
  checkSchedules(plugin.schedules, plugin);
  return plugin;
}

/** What `register` returned. */
export function checkParts(value: unknown, id: string): readonly AnyTool[] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value))
    throw invalid(`register of the plugin ${id} returned ${show(value)}. Return { tools } or nothing.`);
  checkKeys(value, PARTS_KEYS, [], `What register of the plugin ${id} returned`);
  refuseNotYet(value, id);
  const tools = (value["tools"] ?? []) as readonly AnyTool[];
  checkTools(tools, id);
  return tools;
}

export function checkJob(value: unknown, id: string): asserts value is AnyJob {
  if (!isRecord(value)) throw invalid(`The plugin ${id} has a job that is ${show(value)}. Make it with defineJob.`);
  const name = `The job ${show(value["type"])} of the plugin ${id}`;
  checkKeys(value, JOB_KEYS, ["type", "input", "run"], name);
  fullName(id, value["type"] as string, "job type");
  if (isRecord(value["backoff"])) checkKeys(value["backoff"], BACKOFF_KEYS, [], `backoff of ${lower(name)}`);
  if (isRecord(value["rate"])) checkKeys(value["rate"], RATE_KEYS, ["limit", "per"], `rate of ${lower(name)}`);
  checkWord(value["afterCrash"], ["rerun", "interrupt"], `${name}: afterCrash`);
}

/** A handler given in the imperative form. */
export function checkHandler(value: unknown, type: string, id: string): void {
  if (!isRecord(value))
    throw invalid(`The plugin ${id} registered ${show(value)} for ${type}. Give a handler with \`process\`.`);
  // A handler may be an instance of the author's own class, so only what it must have is checked.
  for (const [key, kind] of Object.entries(HANDLER_KEYS)) {
    const method = value[key];
    if (method === undefined && key !== "process") continue;
    if (!isKind(method, kind))
      throw invalid(
        `The handler for ${type} of the plugin ${id} needs \`${key}\` to be a function, not ${show(method)}.`,
      );
  }
}

function checkTools(tools: readonly AnyTool[] | undefined, id: string): void {
  for (const tool of tools ?? []) checkTool(tool, id);
  refuseDuplicates(
    (tools ?? []).map((tool) => fullName(id, tool.name, "tool")),
    "tool",
    id,
  );
}

/** What is wrong with its times or data the queue says, when it is made. */
function checkSchedules(schedules: readonly unknown[] = [], { id, jobs = [] }: AnyPlugin): void {
  const types = new Set(jobs.map((job) => fullName(id, job.type, "job type")));
  const names = schedules.map((value) => {
    if (!isRecord(value)) throw invalid(`The plugin ${id} has a schedule that is ${show(value)}.`);
    const what = `The schedule ${show(value["name"])} of the plugin ${id}`;
    checkKeys(value, SCHEDULE_KEYS, ["name", "job"], what);
    checkWord(value["overlap"], ["skip", "queue", "parallel"], `${what}: overlap`);
    checkWord(value["missed"], ["skip", "once"], `${what}: missed`);
    const name = fullName(id, value["name"] as string, "schedule");
    // Both can be paused by their names.
    if (types.has(name)) throw invalid(`${what} has the name of a job. Choose another.`);
    return name;
  });
  refuseDuplicates(names, "schedule", id);
}

function checkTool(value: unknown, id: string): void {
  if (!isRecord(value)) throw invalid(`The plugin ${id} has a tool that is ${show(value)}. Make it with defineTool.`);
  const name = `The tool ${show(value["name"])} of the plugin ${id}`;
  checkKeys(value, TOOL_KEYS, ["name", "description", "run"], name);
  fullName(id, value["name"] as string, "tool");
  const description = value["description"] as string;
  if (description.trim() === "") throw invalid(`${name} needs a description: it is what people and models choose by.`);
  if (Buffer.byteLength(description) > DESCRIPTION_BYTES)
    throw invalid(`${name} has a description over ${DESCRIPTION_BYTES} bytes. Clients cut it there.`);
  checkWord(value["visibility"], ["public", "admin"], `${name}: visibility`);
  checkWord(value["role"], ROLES, `${name}: role`);
  checkWord(value["audience"], ["person", "model", "both"], `${name}: audience`);
  const wait = (value["wait"] ?? 0) as number;
  if (!(wait >= 0 && wait <= LONGEST_WAIT))
    throw invalid(`${name}: \`wait\` must be seconds from 0 to ${LONGEST_WAIT}, not ${wait}.`);
  if (isRecord(value["annotations"]))
    checkKeys(value["annotations"], ANNOTATION_KEYS, [], `annotations of ${lower(name)}`);
}

function refuseNotYet(value: Readonly<Record<string, unknown>>, id: string): void {
  for (const key of NOT_YET) {
    if (value[key] !== undefined)
      throw new BrainsError(
        "NOT_YET",
        `The plugin ${id} has \`${key}\`, which this version does not support yet. Remove it.`,
      );
  }
}

function checkKeys(
  value: Readonly<Record<string, unknown>>,
  keys: Keys,
  needed: readonly string[],
  name: string,
): void {
  for (const [key, given] of Object.entries(value)) {
    const kind = keys[key];
    if (kind === undefined)
      throw invalid(
        `${name} has the unknown key "${key}".${didYouMean(key, Object.keys(keys)) || ` The keys are: ${Object.keys(keys).join(", ")}.`}`,
      );
    if (given !== undefined && !isKind(given, kind))
      throw invalid(`${name}: \`${key}\` must be ${KIND_TEXT[kind]}, not ${show(given)}.`);
  }
  const missing = needed.find((key) => value[key] === undefined);
  if (missing !== undefined) throw invalid(`${name} needs \`${missing}\`.`);
}

function refuseDuplicates(names: readonly string[], what: string, id: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`The plugin ${id} has the ${what} "${twice}" twice.`);
}

function checkWord(value: unknown, words: readonly string[], name: string): void {
  if (typeof value !== "string" || words.includes(value)) return;
  throw invalid(
    `${name} must be ${words.map((word) => `"${word}"`).join(" or ")}, not ${show(value)}.${didYouMean(value, words)}`,
  );
}

const KIND_TEXT: Readonly<Record<Kind, string>> = {
  string: "a string",
  function: "a function",
  object: "an object",
  array: "a list",
  schema: "a zod schema",
  number: "a number",
  boolean: "true or false",
  job: "a job or the name of one",
  missed: '"skip", "once" or { all: n }',
  anything: "anything",
};

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === "anything") return true;
  if (kind === "job" || kind === "missed") return typeof value === "string" || isRecord(value);
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return isRecord(value) && !Array.isArray(value);
  // Recognised by its shape, because a plugin may carry a copy of zod of its own.
  if (kind === "schema") return isRecord(value) && "_zod" in value && typeof value["safeParse"] === "function";
  return typeof value === kind;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean")
    return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`.replace("a object", "an object");
}

function lower(name: string): string {
  return name.replace(/^The/, "the");
}

function invalid(message: string): BrainsError {
  return new BrainsError("INVALID_PLUGIN", message);
}
