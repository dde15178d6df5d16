import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { acquireLock, forgetLock, type HeldLock, isHeld } from "./liveness.ts";
import type { Ports } from "./ports.ts";

export interface MembershipSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly storePath: string;
  readonly concurrency: number;
  readonly fingerprint: string | undefined;
}

/** A worker's row in the store and the kernel-held lock that proves that its process lives. */
export class Membership {
  readonly #setting: MembershipSetting;
  #id: number | undefined;
  #lock: HeldLock | undefined;

  constructor(setting: MembershipSetting) {
    this.#setting = setting;
  }

  /** The worker's row, while it is a member. */
  get id(): number | undefined {
    return this.#id;
  }

  /** A row and a lock under a new name. The lock comes first: a row without a held lock counts as dead. */
  async join(): Promise<void> {
    const { engine, storePath, ports } = this.#setting;
    if (storePath !== ":memory:") {
      const name = `worker-${Buffer.from(ports.random.bytes(9)).toString("hex")}`;
      this.#lock = acquireLock(storePath, name);
      if (!this.#lock)
        throw new JobQueueError("STORE_UNREADABLE", `The lock ${name} of a new worker is held by another.`);
    }
    try {
      this.#id = await engine.submit("addWorker", {
        pid: process.pid,
        processStart: ports.processes.startOf(process.pid) ?? null,
        lock: this.#lock?.name ?? null,
        fingerprint: this.#setting.fingerprint ?? null,
        concurrency: this.#setting.concurrency,
      });
    } catch (error) {
      this.#give();
      throw error;
    }
  }

  /** Others took this worker for dead: it holds nothing any more. */
  forget(): void {
    this.#id = undefined;
    this.drop();
  }

  /** In order: the row says that it ended, then the lock is freed and its file removed. Whatever the store says to it, the lock is freed. */
  async leave(): Promise<void> {
    try {
      if (this.#id !== undefined) await this.#setting.engine.submit("endWorker", this.#id);
    } finally {
      this.#give();
      this.#id = undefined;
    }
  }

  /** Frees the lock and removes its file: its name is never used again. */
  #give(): void {
    const name = this.#lock?.name;
    this.drop();
    if (name !== undefined) forgetLock(this.#setting.storePath, name);
  }

  /** Frees the lock, as the kernel does after a crash. */
  drop(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Takes the jobs of workers whose lock is free: their processes are dead. */
  async takeOverDead(): Promise<void> {
    const { engine, storePath, ports } = this.#setting;
    for (const peer of engine.queries.workers()) {
      if (peer.id === this.#id || peer.lock === null || isHeld(storePath, peer.lock)) continue;
      ports.point("before-takeover");
      await engine.submit("takeOver", { worker: peer.id, ended: false });
      forgetLock(storePath, peer.lock);
    }
  }
}
