import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openTestQueue } from "@brains/job-queue/testing";
import type { TestQueue } from "@brains/job-queue/testing";
import type { AnyJob, AnyPlugin, Caller, JobInput, JobOutput, Role } from "@brains/plugin";
import type { CallOptions, Outcome, ToolReply } from "../contract.ts";
import { BrainsError } from "../errors.ts";
import { originOf } from "../rights.ts";
import { createShell } from "../shell.ts";
import type { OwnedShell, ShellOptions } from "../shell.ts";
import { outcomeOf } from "../waiting.ts";
import type { Work } from "../waiting.ts";
import { settle } from "./settle.ts";

export interface TestShellOptions {
  readonly plugins: readonly AnyPlugin[];
  /** Config of the plugins, by plugin id. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Files of the brain's folder: path → text. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Real milliseconds that `run` and `perform` wait at most. Default 15 000. */
  readonly limit?: number | undefined;
  /** Anything else of the shell. */
  readonly shell?: Partial<ShellOptions> | undefined;
}

/** A whole brain in a temporary folder: a real queue file, the worker in this process, a clock that jumps to what is due next. */
export interface TestShell {
  readonly shell: OwnedShell;
  readonly queue: TestQueue;
  /** A person with the role admin, over the interface "test". */
  readonly caller: Caller;
  readonly brainDir: string;
  readonly home: string;
  /** What was logged, oldest first. */
  readonly log: readonly { readonly level: string; readonly message: string; readonly data?: object | undefined }[];
  /** The same caller with another role. */
  as(role: Role, principal?: string): Caller;
  /** Calls a tool and gives its reply at once, as an interface gets it. */
  call(tool: string, input?: unknown, options?: CallOptions & { readonly caller?: Caller }): Promise<ToolReply>;
  /** Calls a tool and lets what it enqueued run until it ended, or until only a person can make it go on. A tool that answers with data is completed with it. */
  run(tool: string, input?: unknown, options?: CallOptions & { readonly caller?: Caller }): Promise<Outcome>;
  /** Runs one job and gives its result. Throws when it does not complete. */
  perform<Job extends AnyJob>(job: Job, data: JobInput<Job>): Promise<JobOutput<Job>>;
  perform(type: string, data?: unknown): Promise<unknown>;
  /** A person's answer to the request that a job waits on, by the number or id of either; then runs on as `run` does, and gives how the job stands. */
  decide(id: string | number, choice: string, comment?: string): Promise<Outcome>;
  /** Stops everything and removes the folder. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createTestShell(options: TestShellOptions): Promise<TestShell> {
  const { plugins, config = {}, files = {}, limit = 15_000 } = options;
  const brainDir = await realpath(await mkdtemp(join(tmpdir(), "brains-test-")));
  const home = join(brainDir, ".brains");
  const log: { level: string; message: string; data?: object | undefined }[] = [];
  const at = (level: string) => (message: string, data?: object) => void log.push({ level, message, data });
  await mkdir(home, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(brainDir, name)), { recursive: true });
    await writeFile(join(brainDir, name), text);
  }
  const queue = await openTestQueue({ path: join(home, "brains.db") });
  const remove = async () => {
    await queue.dispose();
    await rm(brainDir, { recursive: true, force: true });
  };
  let shell: OwnedShell;
  try {
    shell = await createShell({
      queue,
      brainDir,
      home,
      now: () => queue.clock.now(),
      log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
      plugins: plugins.map((plugin) => ({ plugin, config: config[plugin.id], from: "the test" })),
      ...options.shell,
    });
  } catch (error) {
    await remove();
    throw error;
  }
  await queue.start();

  const caller: Caller = { principal: "tester", role: "admin", interface: "test" };
  const ended = async (work: Work): Promise<Outcome> => outcomeOf(await settle(queue, work, limit));
  const call: TestShell["call"] = (tool, input, { caller: by = caller, ...rest } = {}) =>
    shell.callTool(tool, input, by, rest);
  let disposed: Promise<void> | undefined;
  const dispose = () => (disposed ??= stopAndRemove());
  const stopAndRemove = async () => {
    try {
      await shell.stop();
    } finally {
      await remove();
    }
  };

  return {
    shell,
    queue,
    caller,
    brainDir,
    home,
    log,
    as: (role, principal = caller.principal) => ({ ...caller, role, principal }),
    call,
    async run(tool, input, callOptions) {
      const reply = await call(tool, input, callOptions);
      if (reply.kind === "data") return { state: "completed", result: reply.data };
      const { jobId, batchId } = reply.queued;
      return ended(jobId === undefined ? { kind: "batch", id: batchId ?? "" } : { kind: "job", id: jobId });
    },
    async perform(job: string | AnyJob, data?: unknown) {
      const type = typeof job === "string" ? job : fullType(plugins, job);
      const { jobId } = await queue.service.enqueue(type, data, { origin: originOf(caller) });
      const outcome = await ended({ kind: "job", id: jobId });
      if (outcome.state === "completed") return outcome.result as never;
      const why = outcome.error?.message ?? outcome.reason ?? "it waits";
      throw new Error(`${type} is ${outcome.state}: ${why}`, { cause: outcome });
    },
    async decide(id, choice, comment) {
      const found = await queue.resolve(id);
      const jobId = found?.kind === "request" ? (await queue.requests.get(id))?.jobId : found?.id;
      await call("shell:decide", { ids: id, choice, comment });
      return ended({ kind: "job", id: jobId ?? "" });
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

function fullType(plugins: readonly AnyPlugin[], job: AnyJob): string {
  if (job.type.includes(":")) return job.type;
  const owner = plugins.find((plugin) => plugin.jobs?.includes(job));
  if (owner !== undefined) return `${owner.id}:${job.type}`;
  throw new BrainsError(
    "UNKNOWN_JOB",
    `No plugin of this test lists the job "${job.type}". Give its full type, e.g. "feeds:${job.type}".`,
  );
}
