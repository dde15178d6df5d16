// Gathers what operations are made of: histories of types, open requests, running members.
import type { BatchInfo, JobInfo, RequestInfo } from "@brains/job-queue/handler";
import type { History } from "../estimates.ts";
import { batchOperation, jobOperation } from "../operations.ts";
import { isEndedState } from "../states.ts";
import type { Operation } from "../replies.ts";
import { BrainsError } from "../errors.ts";
import type { Found, VerbPorts } from "./verb.ts";
import { jobOf } from "./verb.ts";

export class Operations {
  readonly #ports: VerbPorts;
  readonly #histories = new Map<string, Promise<History | null>>();
  #requests: Promise<readonly RequestInfo[]> | undefined;

  /** For one answer: what it looked up is kept, so that a long list asks once per type. */
  constructor(ports: VerbPorts) {
    this.#ports = ports;
  }

  openRequests(): Promise<readonly RequestInfo[]> {
    this.#requests ??= this.#ports.queue.requests.list({ open: true });
    return this.#requests;
  }

  async ofJob(job: JobInfo): Promise<Operation> {
    const history = job.state === "processing" ? await this.#history(job.type) : undefined;
    return jobOperation(job, { now: this.#ports.now(), history, handlers: this.#ports.handlers() });
  }

  async ofBatch(batch: BatchInfo): Promise<Operation> {
    const requests = await this.#requestsOf(batch);
    const currentMessage = await this.#messageOf(batch);
    return batchOperation(batch, { now: this.#ports.now(), requests, currentMessage });
  }

  async of(found: Found): Promise<Operation> {
    if (found.kind !== "batch") return this.ofJob(await jobOf(this.#ports.queue, found));
    return this.ofBatch(await batchOf(this.#ports, found));
  }

  async #requestsOf(batch: BatchInfo): Promise<number[]> {
    if (isEndedState(batch.status)) return [];
    const open = await this.openRequests();
    if (open.length === 0) return [];
    const filter = { batch: batch.batchId, state: "waiting_approval", limit: 100 } as const;
    const waiting = await this.#ports.queue.service.list(filter);
    return waiting.items.flatMap((job) => (job.request === undefined ? [] : [job.request]));
  }

  /** One running member speaks for the batch where only one runs; of several, none does. */
  async #messageOf(batch: BatchInfo): Promise<string | undefined> {
    if (batch.processingOperations !== 1) return undefined;
    const running = await this.#ports.queue.service.list({ batch: batch.batchId, state: "processing", limit: 1 });
    return running.items[0]?.progress?.message;
  }

  #history(type: string): Promise<History | null> {
    const known = this.#histories.get(type) ?? this.#ports.queue.service.durations(type);
    this.#histories.set(type, known);
    return known;
  }
}

export async function batchOf({ queue }: VerbPorts, found: Found): Promise<BatchInfo> {
  const batch = await queue.batches.getBatchStatus(found.id);
  if (batch === null) throw new BrainsError("NOT_FOUND", `Batch #${found.number} is gone.`);
  return batch;
}
