import { createHash } from "node:crypto";
import type { ZodError } from "zod";
import { JobQueueError } from "./errors.ts";
import type { DecisionRequest, JobHandler } from "./handler.ts";
import type { Origin } from "./job.ts";
import { JOB_KEYS, assertKeys } from "./known-keys.ts";
import { DEFAULT_MAX_ATTEMPTS, LONG_TEXT, SHORT_TEXT } from "./limits.ts";
import type { Backoff, EnqueueOptions, HandlerOptions, NewJob, RateLimit } from "./options.ts";
import { FLAG_INTERRUPT, FLAG_NO_POLICY, FLAG_OWN_TRIES } from "./store/codes.ts";
import type { JobRow } from "./store/enqueue.ts";
import type { NewRequest } from "./store/settle.ts";

/** A handler with its policy, as registered. */
export interface Registered {
  readonly type: string;
  readonly handler: JobHandler<never>;
  readonly options: HandlerOptions<never>;
}

const TYPE = /^[a-z0-9][a-z0-9_.-]{0,99}(?::[a-z0-9][a-z0-9_.-]{0,99})?$/i;
const PRIORITY_LIMIT = 1_000;
/** setTimeout and SQLite both live well beyond this: the year 9999. */
export const LATEST_MS = 253_402_300_799_000;

export function assertType(type: unknown): asserts type is string {
  if (typeof type !== "string" || !TYPE.test(type)) {
    throw new JobQueueError(
      "INVALID_OPTION",
      `${JSON.stringify(type)} is not a job type. Use letters, digits, "-", "_" and ".", with at most one colon, e.g. "feeds:import".`,
    );
  }
}

export function invalid(name: string, value: unknown, wanted: string): never {
  throw new JobQueueError(
    "INVALID_OPTION",
    `${name} must be ${wanted}, not ${typeof value === "number" ? value : JSON.stringify(value)}.`,
  );
}

export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
    invalid(name, value, `a whole number from ${least} to ${most}`);
  }
  return value;
}

export function text(name: string, value: unknown, most = SHORT_TEXT): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length === 0 || value.length > most)
    invalid(name, value, `a text of 1 to ${most} characters`);
  return value;
}

export function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  if (!words.includes(value as T)) invalid(name, value, words.join(", "));
  return value as T;
}

/** Checked when it is given, so that no delay can come out as something that is not a number. */
export function assertBackoff(backoff: Backoff | undefined): void {
  if (backoff === undefined) return;
  if (typeof backoff !== "object" || backoff === null) invalid("backoff", backoff, "an object");
  const { delay, factor, max, jitter } = backoff;
  if (delay !== undefined) milliseconds("backoff.delay", delay);
  if (max !== undefined) milliseconds("backoff.max", max);
  if (factor !== undefined && !(typeof factor === "number" && factor >= 1 && factor <= 1_000))
    invalid("backoff.factor", factor, "a number from 1 to 1000");
  if (jitter !== undefined && !(typeof jitter === "number" && jitter >= 0 && jitter <= 1))
    invalid("backoff.jitter", jitter, "a number from 0 to 1");
}

/** What filters of jobs and of batches have in common. */
export function assertFilter(filter: {
  plugin?: unknown;
  principal?: unknown;
  conversation?: unknown;
  since?: unknown;
  endedSince?: unknown;
  active?: unknown;
}): void {
  for (const name of ["plugin", "principal", "conversation"] as const) text(name, filter[name]);
  for (const name of ["since", "endedSince"] as const) if (filter[name] !== undefined) milliseconds(name, filter[name]);
  if (filter.active !== undefined && typeof filter.active !== "boolean")
    invalid("active", filter.active, "true or false");
}

const LONGEST_RATE_MS = 31 * 86_400_000;

export function assertRate(rate: RateLimit | undefined): void {
  if (rate === undefined) return;
  if (typeof rate !== "object" || rate === null) invalid("rate", rate, "an object with limit and per");
  wholeNumber("rate.limit", rate.limit, 1, 1_000_000);
  wholeNumber("rate.per", rate.per, 1, LONGEST_RATE_MS);
}

/** Shares of plugins, as given. */
export function assertShares(shares: unknown): Readonly<Record<string, number>> | undefined {
  if (shares === undefined) return undefined;
  if (typeof shares !== "object" || shares === null || Array.isArray(shares))
    invalid("pluginConcurrency", shares, "an object of plugin ids and numbers");
  for (const [plugin, share] of Object.entries(shares)) {
    assertType(plugin);
    if (plugin.includes(":")) invalid("A plugin of pluginConcurrency", plugin, "a plugin id, without a colon");
    wholeNumber(`pluginConcurrency.${plugin}`, share, 1, 100_000);
  }
  return Object.keys(shares).length === 0 ? undefined : { ...(shares as Record<string, number>) };
}

export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || value > LATEST_MS)
    invalid(name, value, "milliseconds of 0 or more");
  return Math.round(value);
}

export function refs(value: EnqueueOptions["after"]): (string | number)[] {
  return value === undefined
    ? []
    : Array.isArray(value)
      ? [...(value as (string | number)[])]
      : [value as string | number];
}

export function toJson(value: unknown, what: string, maxBytes: number): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value === undefined ? null : value);
  } catch (cause) {
    throw new JobQueueError("INVALID_DATA", `${what} cannot be stored as JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
  if (json === undefined)
    throw new JobQueueError("INVALID_DATA", `${what} cannot be stored as JSON (it is a ${typeof value}).`);
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) {
    throw new JobQueueError(
      "TOO_LARGE",
      `${what} has ${bytes} bytes; at most ${maxBytes} are stored. Store it as a file and pass its name.`,
    );
  }
  return json;
}

export function hashOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url");
}

/** "urls.0: Invalid URL; name: Required" */
function describeIssues(error: ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.map(String).join(".")}: ${issue.message}` : issue.message))
    .join("; ");
}

/** The data as the handler will see it. Throws INVALID_DATA. */
export function parseData(registered: Registered, data: unknown): unknown {
  const { handler, options, type } = registered;
  let parsed = data;
  if (options.schema) {
    const result = options.schema.safeParse(data);
    if (!result.success) {
      throw new JobQueueError("INVALID_DATA", `The data of ${type} is not valid: ${describeIssues(result.error)}.`, {
        data: result.error.issues,
      });
    }
    parsed = result.data;
  }
  if (handler.validateAndParse) {
    try {
      parsed = handler.validateAndParse(parsed);
    } catch (cause) {
      throw new JobQueueError(
        "INVALID_DATA",
        `The data of ${type} was refused: ${(cause as Error)?.message ?? cause}.`,
        {
          cause,
        },
      );
    }
    if (parsed === null) throw new JobQueueError("INVALID_DATA", `The data of ${type} was refused by its handler.`);
  }
  return parsed;
}

export function maxAttemptsOf(options: {
  maxAttempts?: number | undefined;
  maxRetries?: number | undefined;
}): number | undefined {
  if (options.maxAttempts !== undefined) return wholeNumber("maxAttempts", options.maxAttempts, 1, 1_000_000);
  if (options.maxRetries !== undefined) return wholeNumber("maxRetries", options.maxRetries, 0, 999_999) + 1;
  return undefined;
}

export function originColumns(origin: Origin | undefined): {
  origin: string | null;
  principal: string | null;
  conversation: string | null;
} {
  if (origin === undefined) return { origin: null, principal: null, conversation: null };
  if (typeof origin !== "object" || origin === null) invalid("origin", origin, "an object with a principal");
  return {
    origin: toJson(origin, "The origin", 64 * 1024),
    principal: text("origin.principal", origin.principal),
    conversation: text("origin.conversation", origin.conversation),
  };
}

const MOST_CHOICES = 50;

/** A question as it will be stored. Throws INVALID_OPTION, TOO_LARGE. */
export function prepareRequest(name: string, request: DecisionRequest, now: number, maxBytes: number): NewRequest {
  const { choices = ["approve", "reject"], details, expiresIn } = request;
  if (!Array.isArray(choices) || choices.length === 0 || choices.length > MOST_CHOICES)
    invalid("choices", choices, `a list of 1 to ${MOST_CHOICES} texts`);
  for (const choice of choices) text("A choice", choice ?? "", 100);
  if (new Set(choices).size !== choices.length) invalid("choices", choices, "different from one another");
  return {
    name,
    question: text("question", request.question ?? "", LONG_TEXT) as string,
    choices: JSON.stringify(choices),
    details: details === undefined ? null : toJson(details, "The details of the request", maxBytes),
    digest: text("digest", request.digest),
    onReject: request.onReject === undefined ? "fail" : oneOf("onReject", request.onReject, ["fail", "return"]),
    expiresAt: expiresIn === undefined ? null : now + milliseconds("expiresIn", expiresIn),
  };
}

/** Everything that can be checked before the transaction is checked here. */
export function prepareJob(job: NewJob, registered: Registered | undefined, now: number, maxBytes: number): JobRow {
  if (typeof job !== "object" || job === null) invalid("A job", job, "an object with a type");
  assertType(job.type);
  assertKeys(`The enqueue of ${job.type}`, job, JOB_KEYS);
  assertBackoff(job.backoff);
  if (registered) parseData(registered, job.data);
  const data = toJson(job.data, `The data of ${job.type}`, maxBytes);
  if (job.delay !== undefined && job.runAt !== undefined) {
    throw new JobQueueError("INVALID_OPTION", "Give delay or runAt, not both.");
  }
  const runAt =
    job.runAt === undefined ? null : milliseconds("runAt", job.runAt instanceof Date ? job.runAt.getTime() : job.runAt);
  const delay = job.delay === undefined ? 0 : milliseconds("delay", job.delay);
  if (now + delay > LATEST_MS) invalid("delay", job.delay, "before the year 10000");
  const policy = registered?.options;
  const tries = maxAttemptsOf(job);
  const dedup = job.dedup ?? "skip";
  if (!["skip", "replace", "coalesce"].includes(dedup)) invalid("dedup", dedup, "skip, replace or coalesce");
  const idempotencyKey = text("idempotencyKey", job.idempotencyKey) ?? undefined;
  return {
    type: job.type,
    data,
    label: text("label", job.label),
    unit: text("unit", job.unit),
    priority: job.priority === undefined ? 0 : wholeNumber("priority", job.priority, -PRIORITY_LIMIT, PRIORITY_LIMIT),
    runAt,
    delay,
    maxAttempts: tries ?? (policy && maxAttemptsOf(policy)) ?? DEFAULT_MAX_ATTEMPTS,
    timeout: job.timeout === undefined ? null : wholeNumber("timeout", job.timeout, 1, LATEST_MS),
    backoff: job.backoff === undefined ? null : JSON.stringify(job.backoff),
    key: text("key", job.key),
    dedup,
    after: [...refs(job.after), ...refs(job.dependsOn)],
    ...originColumns(job.origin),
    pluginVersion: policy?.pluginVersion ?? null,
    handlerVersion: policy?.version ?? null,
    flags:
      (policy === undefined ? FLAG_NO_POLICY : policy.afterCrash === "interrupt" ? FLAG_INTERRUPT : 0) |
      (tries === undefined ? 0 : FLAG_OWN_TRIES),
    idempotencyKey,
    hash: idempotencyKey === undefined ? undefined : hashOf(job.type, data),
  };
}
