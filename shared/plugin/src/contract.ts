import type { BatchInfo, EnqueuedBatch, EnqueuedJob, JobHandler, JobInfo } from "@brains/job-queue/handler";
import type { ZodType, z } from "zod";
import type { Programs, RunningJob } from "./programs.ts";

/** Least to most: a viewer reads, an operator starts and steers work, an approver decides requests, an admin does everything. */
export const ROLES = ["viewer", "operator", "approver", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. Stored on each job as its origin and inherited by its children. */
export interface Caller {
  readonly principal: string;
  readonly role: Role;
  /** Which interface the call came through: "cli", "mcp", "web", "matrix", "test", … */
  readonly interface: string;
  /** Whether a person or a model asks. Default: a person for "cli", "repl", "web", "matrix" and "test", a model for every other interface. */
  readonly kind?: "person" | "model" | undefined;
  /** A room, a chat, a terminal session: what `shell:status` can be narrowed to. */
  readonly conversation?: string | undefined;
  /** Where the interface wants news of this call's work; only that interface reads it. */
  readonly reply?: unknown;
}

/** Augment this to type the imperative form: `declare module "@brains/plugin" { interface PluginJobDefinitions { "site-build": { input: …; output: … } } }`. */
export interface PluginJobDefinitions {}

/** Backoff, limits and texts of one enqueue; times in milliseconds. */
export interface EnqueueJobOptions {
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  readonly priority?: number | undefined;
  readonly delay?: number | undefined;
  readonly runAt?: number | Date | undefined;
  readonly after?: string | number | readonly (string | number)[] | undefined;
  readonly dependsOn?: string | number | readonly (string | number)[] | undefined;
  readonly key?: string | undefined;
  readonly dedup?: "skip" | "replace" | "coalesce" | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly maxAttempts?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly timeout?: number | undefined;
}

export interface EnqueueBatchOptions {
  readonly label?: string | undefined;
  readonly unit?: string | undefined;
  readonly policy?: "continue" | "stop" | undefined;
  readonly open?: boolean | undefined;
  readonly after?: string | number | readonly (string | number)[] | undefined;
  readonly priority?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** A job as a value: it registers the handler and types every enqueue of it. Make one with `defineJob`. */
export interface JobDefinition<Input extends ZodType = ZodType, Output = unknown> {
  /** kebab-name, with or without the plugin's prefix. */
  readonly type: string;
  readonly description?: string | undefined;
  readonly input: Input;
  readonly output?: ZodType<Output> | undefined;
  readonly version?: string | undefined;
  readonly concurrency?: number | undefined;
  /** Milliseconds an attempt may run. */
  readonly timeout?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly backoff?: { delay?: number; factor?: number; max?: number; jitter?: number } | undefined;
  readonly afterCrash?: "rerun" | "interrupt" | undefined;
  /** At most `limit` jobs of this type start in any `per` milliseconds, in all processes together; each try is a start. */
  readonly rate?: { readonly limit: number; readonly per: number } | undefined;
  /** Milliseconds an attempt may run without progress, a log line, output of a program or a finished step; then it fails as `stalled`. */
  readonly stallAfter?: number | undefined;
  run(input: z.output<Input>, job: RunningJob, context: PluginContext): Promise<Output> | Output;
  onError?(error: Error, input: z.output<Input>, jobId: string): Promise<void> | void;
}

/** Any job definition. (`run` and `onError` are methods, so that definitions of all inputs fit.) */
export type AnyJob = JobDefinition;
/** What is enqueued for a job, before its schema fills in defaults. */
export type JobInput<Job extends AnyJob> = z.input<Job["input"]>;
/** What a job's `run` gives. */
export type JobOutput<Job extends AnyJob> = Job extends JobDefinition<ZodType, infer Output> ? Output : never;

/** One member of a batch: a job definition with its data, or a type name with data. `batchOf` makes one whose data is checked by the compiler. */
export type BatchItem =
  | ({ readonly job: AnyJob; readonly type?: undefined; readonly data?: unknown } & BatchItemOptions)
  | ({ readonly type: string; readonly job?: undefined; readonly data?: unknown } & BatchItemOptions);

export interface BatchItemOptions {
  readonly label?: string | undefined;
  readonly key?: string | undefined;
  /** Ids, numbers, or keys of other members. */
  readonly dependsOn?: string | number | readonly (string | number)[] | undefined;
  readonly priority?: number | undefined;
}

export interface Logger {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

/** A namespaced, durable key-value store in the brain's store. Values are JSON. */
export interface KeyValue {
  get<T = unknown>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<boolean>;
  list(prefix?: string): Promise<{ key: string; value: unknown }[]>;
}

/** What a plugin can do. Inside a tool or a job everything it enqueues carries that call's origin. */
export interface PluginContext<Config = unknown> {
  readonly pluginId: string;
  readonly config: Config;
  readonly log: Logger;
  /** The brain's folder (where brains.yaml is); relative paths in a plugin's config are relative to it. */
  readonly brainDir: string;
  /** A folder of this plugin's own inside the brain's home; made before the plugin starts. */
  readonly dataDir: string;
  readonly kv: KeyValue;
  readonly programs: Programs;
  enqueueJob: EnqueueJob;
  /** Members are typed through `batchOf(job, data)`; a plain `{ type, data }` is checked when it is enqueued. */
  enqueueBatch(items: readonly BatchItem[], options?: EnqueueBatchOptions): Promise<EnqueuedBatch>;
  registerJobHandler: RegisterJobHandler;
  getJobStatus(id: string | number): Promise<JobInfo | null>;
  getBatchStatus(id: string | number): Promise<BatchInfo | null>;
  /** Refused inside a handler (it would hold a slot): use `job.waitFor` there. `timeout` in milliseconds. */
  waitForJob(id: string | number, options?: { timeout?: number; signal?: AbortSignal }): Promise<JobInfo>;
  /** The plugin's own active batches. */
  getActiveBatches(): Promise<BatchInfo[]>;
  callTool(name: string, input?: unknown): Promise<unknown>;
  listTools(): readonly { readonly name: string; readonly description: string }[];
}

/** What `PluginJobDefinitions` says about a type name; `unknown` where it says nothing. */
export type DefinedInput<Type extends keyof PluginJobDefinitions> = PluginJobDefinitions[Type] extends {
  input: infer Input;
}
  ? Input
  : unknown;
export type DefinedOutput<Type extends keyof PluginJobDefinitions> = PluginJobDefinitions[Type] extends {
  output: infer Output;
}
  ? Output
  : unknown;

export interface RegisterJobHandler {
  (job: AnyJob): void;
  <Type extends keyof PluginJobDefinitions>(
    type: Type,
    handler: JobHandler<DefinedInput<Type>, DefinedOutput<Type>>,
    options?: JobHandlerOptions,
  ): void;
  <Type extends string>(
    type: Type extends keyof PluginJobDefinitions ? never : Type,
    handler: JobHandler,
    options?: JobHandlerOptions,
  ): void;
}

/** The policy of a job type whose handler is given in the imperative form; the same words as in a job definition. */
export type JobHandlerOptions = Pick<
  JobDefinition,
  | "version"
  | "concurrency"
  | "timeout"
  | "maxAttempts"
  | "maxRetries"
  | "backoff"
  | "afterCrash"
  | "rate"
  | "stallAfter"
>;

export interface EnqueueJob {
  <Input extends ZodType, Output>(
    job: JobDefinition<Input, Output>,
    data: z.input<Input>,
    options?: EnqueueJobOptions,
  ): Promise<EnqueuedJob>;
  <Type extends keyof PluginJobDefinitions>(
    type: Type,
    data: DefinedInput<Type>,
    options?: EnqueueJobOptions,
  ): Promise<EnqueuedJob>;
  <Type extends string>(
    type: Type extends keyof PluginJobDefinitions ? never : Type,
    data?: unknown,
    options?: EnqueueJobOptions,
  ): Promise<EnqueuedJob>;
}

/** Hints for models and people; the defaults are the careful ones (not read-only, destructive, not idempotent). */
export interface ToolAnnotations {
  readonly readOnly?: boolean | undefined;
  readonly destructive?: boolean | undefined;
  readonly idempotent?: boolean | undefined;
}

/** What a tool's `run` gets: the plugin's context bound to the call. */
export interface ToolContext<Config = unknown> extends PluginContext<Config> {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** A tool answers at once: with data, or with what it enqueued (return what `enqueueJob` or `enqueueBatch` gave). Make one with `defineTool`. */
export interface ToolDefinition<Input extends ZodType = ZodType> {
  /** kebab-name; its full name is `plugin-id:name`. */
  readonly name: string;
  readonly title?: string | undefined;
  /** Under 2 KB: what it does and when to use it. */
  readonly description: string;
  readonly input?: Input | undefined;
  readonly output?: ZodType | undefined;
  /** `admin` tools are shown to admins only. Default `public`. */
  readonly visibility?: "public" | "admin" | undefined;
  /** Least role that may call it. Default `operator`; `viewer` for read-only tools. */
  readonly role?: Role | undefined;
  readonly audience?: "person" | "model" | "both" | undefined;
  readonly annotations?: ToolAnnotations | undefined;
  /** Seconds that a call waits for what it enqueues where the caller names none, 0 to 50; then it is answered with the output so far. Default 0. */
  readonly wait?: number | undefined;
  run(input: z.output<Input>, context: ToolContext): Promise<unknown> | unknown;
}

/** Any tool definition. */
export type AnyTool = ToolDefinition;

/** A recurring enqueue of one of the plugin's own jobs: give `cron` or `every`. `defineSchedule` makes one whose data is checked by the compiler. */
export interface PluginSchedule<Job extends AnyJob | string = AnyJob | string> {
  /** kebab-name; its full name is `plugin-id:name`. */
  readonly name: string;
  /** Five fields (minute to weekday), six with seconds first, or a name such as "@daily". */
  readonly cron?: string | undefined;
  /** An IANA name such as "Europe/Berlin". Default: the time zone of the machine. */
  readonly timezone?: string | undefined;
  /** Milliseconds from one time to the next, at least 1 000. */
  readonly every?: number | undefined;
  readonly job: Job;
  readonly data?: Job extends AnyJob ? JobInput<Job> : unknown;
  readonly label?: string | undefined;
  readonly priority?: number | undefined;
  /** What is made up for when no worker ran at its time: nothing, one job (default), or one for each of the newest n. */
  readonly missed?: "skip" | "once" | { readonly all: number } | undefined;
  /** When the job before has not ended: leave this time out (default), let the new one wait for it, or run both. */
  readonly overlap?: "skip" | "queue" | "parallel" | undefined;
}

/** A plugin as a value. Unknown keys are refused at load, naming the nearest. Make one with `definePlugin`. */
export interface PluginDefinition<Config extends ZodType = ZodType> {
  /** kebab-name, unique in a brain. */
  readonly id: string;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly config?: Config | undefined;
  readonly jobs?: readonly AnyJob[] | undefined;
  readonly tools?: readonly AnyTool[] | undefined;
  /** Not yet: refused when given. */
  readonly resources?: readonly unknown[] | undefined;
  /** Not yet: refused when given. */
  readonly secrets?: readonly string[] | undefined;
  /** Jobs of its own that are enqueued again and again. They are the brain's: made when the plugin is loaded, removed when it no longer declares them. */
  readonly schedules?: readonly PluginSchedule[] | undefined;
  /** The imperative form: register handlers, return tools. */
  register?(context: PluginContext<z.output<Config>>): PluginParts | void | Promise<PluginParts | void>;
  start?(context: PluginContext<z.output<Config>>): Promise<void> | void;
  stop?(context: PluginContext<z.output<Config>>): Promise<void> | void;
}
export interface PluginParts {
  readonly tools?: readonly AnyTool[] | undefined;
  readonly resources?: readonly unknown[] | undefined;
}

/** Any plugin. */
export type AnyPlugin = PluginDefinition;
