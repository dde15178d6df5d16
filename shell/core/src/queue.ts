import type * as Q from "@brains/job-queue/handler";
import type {
  EnqueueOptions,
  NewJob,
  EnqueuedJob,
  EnqueuedBatch,
  BatchOperation,
  BatchOptions,
  JobFilter,
  BatchFilter,
  Page,
  HandlerOptions,
} from "../../../shared/job-queue/src/options.ts";
type Ref = string | number;
export interface JobQueue {
  service: {
    registerHandler(type: string, handler: Q.JobHandler, options?: HandlerOptions): void;
    unregisterHandler(type: string): void;
    getRegisteredTypes(): string[];
    enqueue(type: string, data: unknown, options?: EnqueueOptions): Promise<EnqueuedJob>;
    enqueueMany(items: NewJob[]): Promise<EnqueuedJob[]>;
    getStatus(ref: Ref): Promise<Q.JobInfo | null>;
    list(filter?: JobFilter): Promise<Page<Q.JobInfo>>;
    cancel(ref: Ref, o?: { by?: string }): Promise<{ state: Q.JobState; cancelling: boolean }>;
    retry(ref: Ref, o?: { force?: boolean }): Promise<Q.JobInfo>;
    resume(ref: Ref): Promise<Q.JobInfo>;
    delete(ref: Ref): Promise<void>;
    wait(
      ref: Ref,
      o?: { timeout?: number; signal?: AbortSignal; until?: "ended" | "ended-or-waiting" },
    ): Promise<Q.JobInfo>;
    logs(
      ref: Ref,
      o?: { after?: string; limit?: number; run?: number },
    ): Promise<{ lines: Q.LogLine[]; cursor: string; ended: boolean }>;
    steps(ref: Ref): Promise<{ name: string; at: number; run: number; attempt: number }[]>;
    runs(ref: Ref): Promise<
      {
        run: number;
        state: Q.JobState;
        reason?: Q.EndReason;
        error?: Q.StoredError;
        startedAt?: number;
        endedAt?: number;
      }[]
    >;
    durations(type: string): Promise<{ count: number; median: number; p90: number } | null>;
  };
  batches: {
    enqueueBatch(ops: BatchOperation[], o?: BatchOptions): Promise<EnqueuedBatch>;
    getBatchStatus(ref: Ref): Promise<Q.BatchInfo | null>;
    getActiveBatches(): Promise<Q.BatchInfo[]>;
    list(filter?: BatchFilter): Promise<Page<Q.BatchInfo>>;
    cancelBatch(ref: Ref, o?: { by?: string }): Promise<Q.BatchInfo>;
    wait(ref: Ref, o?: { timeout?: number; signal?: AbortSignal }): Promise<Q.BatchInfo>;
  };
  events: {
    read(o: { after?: string; limit?: number }): Promise<{ events: Q.QueueEvent[]; cursor: string }>;
    cursor(): Promise<string>;
    subscribe(o: { after?: string }, listener: (e: Q.QueueEvent) => void): () => void;
  };
  requests: {
    list(o?: { open?: boolean; job?: Ref }): Promise<Q.RequestInfo[]>;
    get(ref: Ref): Promise<Q.RequestInfo | null>;
    decide(
      ref: Ref,
      o: { choice: string; comment?: string; digest?: string; principal?: string; interface?: string },
    ): Promise<Q.RequestInfo>;
  };
  kv: {
    get(ns: string, key: string): Promise<unknown>;
    set(ns: string, key: string, value: unknown): Promise<void>;
    delete(ns: string, key: string): Promise<boolean>;
    list(ns: string, prefix?: string): Promise<{ key: string; value: unknown }[]>;
  };
  keys: {
    begin(
      scope: string,
      key: string,
      inputHash: string,
    ): Promise<{ state: "new" } | { state: "pending" } | { state: "done"; reply: unknown }>;
    finish(scope: string, key: string, reply: unknown): Promise<void>;
  };
  workers(): Promise<{ id: number; pid: number; state: string; answering: boolean; fingerprint?: string }[]>;
  resolve(ref: Ref): Promise<{ kind: "job" | "batch" | "request"; number: number; id: string } | null>;
}
