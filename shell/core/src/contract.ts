import type { BatchEvent, BatchInfo, JobEvent, JobInfo, StoredError } from "@brains/job-queue/handler";
import type { Caller, Role } from "@brains/plugin";
import type { ZodType } from "zod";

export interface CallOptions {
  /** Seconds to wait for what the tool enqueues, 0 to 50; with 0 the queued reply comes at once. Default: the tool's own `wait`. */
  readonly wait?: number | undefined;
  /** Idempotency: a repeat with the same input returns the first reply, for 7 days. */
  readonly key?: string | undefined;
  /** Everything this call enqueues starts only after these jobs and batches have completed. */
  readonly after?: readonly (string | number)[] | undefined;
  /** Ends the waiting, never the job. */
  readonly signal?: AbortSignal | undefined;
  /** Called while waiting, with what changed. */
  readonly onProgress?: ((event: JobEvent | BatchEvent) => void) | undefined;
}

/** The uniform answer of a tool that enqueued something. */
export interface QueuedReply {
  readonly status: "queued";
  readonly jobId?: string | undefined;
  readonly batchId?: string | undefined;
  /** The short number, e.g. 142. */
  readonly number: number;
  readonly label: string;
  readonly message: string;
  /** How to follow it. */
  readonly tip: string;
  /** After waiting in vain: the end of what its programs have written so far. */
  readonly output?: string | undefined;
  /** After waiting in vain: when to look again. */
  readonly next?: NextLook | undefined;
  /** What the tool itself added, e.g. the id of the thing being made. */
  readonly [extra: string]: unknown;
}

export interface NextLook {
  readonly seconds: number;
  /** Why then: what is known of this work, and of earlier work of its type. */
  readonly reason: string;
}

/** What became of the enqueued work, when the caller waited and it ended (or now waits for a person). */
export interface Outcome {
  readonly state: JobInfo["state"] | BatchInfo["status"];
  readonly reason?: string | undefined;
  readonly result?: unknown;
  readonly error?: StoredError | undefined;
  /** The end of what its programs have written. */
  readonly output?: string | undefined;
  readonly job?: JobInfo | undefined;
  readonly batch?: BatchInfo | undefined;
  /** Where it waits for a person: who can make it go on, and how. */
  readonly next?: NextLook | undefined;
}

export type ToolReply =
  | {
      readonly kind: "data";
      readonly data: unknown;
      /** The same for people, where the tool has words for it. */ readonly text?: string | undefined;
    }
  | {
      readonly kind: "queued";
      readonly queued: QueuedReply;
      /** Set when the caller waited in vain. */ readonly waited?: number | undefined;
    }
  | { readonly kind: "ended"; readonly queued: QueuedReply; readonly outcome: Outcome };

export interface ToolInfo {
  /** `plugin:tool`, e.g. `site-builder:generate-all` or `shell:status`. */
  readonly name: string;
  readonly plugin: string;
  /** The bare name where it is unique. */
  readonly short?: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly input: ZodType;
  readonly output?: ZodType | undefined;
  readonly role: Role;
  readonly audience: "person" | "model" | "both";
  readonly visibility: "public" | "admin";
  readonly annotations: { readonly readOnly: boolean; readonly destructive: boolean; readonly idempotent: boolean };
  /** Seconds that a call waits where the caller names none. */
  readonly wait?: number | undefined;
}

export interface FollowOptions {
  /** Only these jobs and batches (a batch includes its members). Default: all the caller may see. */
  readonly ids?: readonly (string | number)[] | undefined;
  /** Start after this cursor (replays what was missed); default: now. */
  readonly after?: string | undefined;
  /** Told when following cannot start or go on: an unknown id, an expired cursor. Default: the brain's log. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The shell as interfaces see it. */
export interface Shell {
  callTool(name: string, input: unknown, caller: Caller, options?: CallOptions): Promise<ToolReply>;
  /** The tools this caller may call, in a stable order (shell verbs first, then by name). */
  listTools(caller: Caller): readonly ToolInfo[];
  /** Events of all jobs and batches this caller may see, from any process, in order. Returns the end of following. A throwing listener hurts nobody. */
  follow(caller: Caller, listener: (event: JobEvent | BatchEvent) => void, options?: FollowOptions): () => void;
  /** Live workers of this brain: their pid and whether they answer. */
  workers(): Promise<readonly { pid: number; state: string; answering: boolean; fingerprint?: string | undefined }[]>;
  stop(): Promise<void>;
}
