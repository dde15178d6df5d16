import { Attempt, type AttemptHooks, type AttemptSetting } from "./attempt.ts";
import { createContext } from "./context.ts";
import type { PrepareMember } from "./durable-calls.ts";
import { JobQueueError } from "./errors.ts";
import { BEAT_MS, DEFAULT_MAX_ATTEMPTS, MAINTENANCE_MS, PEER_MS, SETTLE_RETRY_MS } from "./limits.ts";
import { publicId } from "./ids.ts";
import { Isolation } from "./isolation.ts";
import { Membership, type MembershipSetting } from "./membership.ts";
import type { Retention } from "./options.ts";
import type { ClaimInput, Claimed } from "./store/claim.ts";
import type { Effects } from "./store/tick.ts";
import type { Pruned } from "./store/prune.ts";
import { CONTROL_NONE } from "./store/codes.ts";
import { pluginOf } from "./store/views.ts";
import { type Registered, maxAttemptsOf } from "./validate.ts";
import { insideHandler } from "./wait.ts";

export interface WorkerSetting extends AttemptSetting, MembershipSetting {
  readonly pluginConcurrency: Readonly<Record<string, number>> | undefined;
  readonly retention: Required<{ [K in keyof Retention]: number }>;
  readonly handlers: ReadonlyMap<string, Registered>;
  readonly prepareMember: PrepareMember;
  /** Cuts this worker off if its store is no longer where it was. */
  readonly lookAtStore: () => void;
}

/** At a stop: from the signal to giving the job back, and for writing what is left. */
const STOP_MS = 1_000;
const SETTLE_LIMIT_MS = 5_000;

/**
 * Claims and runs jobs in this process. It adds its claim to every transaction of the engine, so that settling one job and claiming the next
 * are one commit; it never polls for its own process's work.
 */
export class JobQueueWorker {
  readonly #setting: WorkerSetting;
  readonly #running = new Set<Attempt>();
  /** Attempts whose outcome is not in the store yet. */
  readonly #unsettled = new Set<Attempt>();
  readonly #timers = new Map<string, () => void>();
  readonly #membership: Membership;
  #state: "idle" | "running" | "stopping" = "idle";
  #draining = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #alive: NodeJS.Timeout | undefined;
  /** There may be something to claim that this process has not looked at. */
  #dirty = false;
  /** Called when an attempt has been settled or a handler has ended. */
  #progressed: (() => void) | undefined;
  #offCommit: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  readonly #isolation: Isolation;
  /** The suspect beside which nothing starts. */
  #suspect: Attempt | undefined;

  constructor(setting: WorkerSetting) {
    this.#setting = setting;
    this.#membership = new Membership(setting);
    this.#isolation = new Isolation(setting.ports.clock, () => this.wake());
  }

  /** The worker's row in the store, while it runs. */
  get id(): number | undefined {
    return this.#membership.id;
  }

  get state(): "idle" | "running" | "stopping" {
    return this.#state;
  }

  /** Jobs whose handlers run now. */
  get active(): number {
    return this.#running.size;
  }

  /** Called once when another process asks this worker to finish what it runs and end (`requestDrain`); it claims nothing from then on. */
  set onDrain(callback: () => void) {
    this.#onDrain = callback;
  }

  /** Registers the worker and starts claiming. While it runs the process stays alive. Does nothing if it runs already; one that stops starts again when it has. Throws STORE_UNREADABLE. */
  start(): Promise<void> {
    if (this.#state === "stopping" && this.#stopping) return this.#stopping.then(() => this.start());
    if (this.#state === "idle") this.#starting = this.#begin();
    return this.#starting ?? Promise.resolve();
  }

  async #begin(): Promise<void> {
    this.#state = "running";
    this.#draining = false;
    try {
      await this.#register();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  async #register(): Promise<void> {
    const { engine } = this.#setting;
    // Its timers do not hold the process; a worker that waits for work does.
    this.#alive = setInterval(() => undefined, 2 ** 30);
    await this.#membership.join();
    engine.setTail({ wanted: (effects) => this.#wanted(effects), claimed: (result) => this.#claimed(result) });
    this.#offCommit = engine.onCommit((effects) => {
      if (effects.controlled) this.#look();
    });
    this.#every("peers", PEER_MS, () => this.#membership.takeOverDead());
    this.#every("beat", BEAT_MS, async () => {
      // With a job in line too, even if it is for none of the handlers here: a worker that leaves it there for no reason must be told from others.
      const wanted = this.#running.size > 0 || engine.queries.readySince() !== undefined;
      if (wanted && this.id !== undefined) await engine.submit("beat", this.id);
    });
    this.#every("maintenance", MAINTENANCE_MS, () => this.#maintain());
    this.wake();
    // It may run jobs by now. So nothing may end it as a start that failed: without its lock it would be robbed of them while they run.
    await this.#membership.takeOverDead().catch((error: unknown) => this.#setting.internalError(error, "peers"));
  }

  /**
   * Others took this worker for dead, which they may only when its lock file was removed. What it ran is theirs now; it joins again under another
   * name, because a worker that counts as dead must hold nothing.
   */
  async #rejoin(): Promise<void> {
    this.#membership.forget();
    for (const attempt of this.#running) attempt.abort("lost");
    this.#setting.internalError(
      new JobQueueError("INVALID_STATE", "This worker was taken for dead, and joins again. Was its lock file removed?"),
      "the worker",
    );
    while (this.#state === "running") {
      try {
        await this.#membership.join();
        return this.wake();
      } catch (error) {
        this.#setting.internalError(error, "the worker");
        await new Promise<void>((resolve) => void this.#setting.ports.clock.timer(SETTLE_RETRY_MS, resolve));
      }
    }
  }

  /** Look for work: a handler was added, or another process wrote. */
  wake(): void {
    if (this.#state !== "running") return;
    this.#dirty = true;
    this.#setting.engine.nudge();
  }

  /** Another process wrote: there may be work, and something may have been asked of a running job. */
  foreign(): void {
    if (this.#state === "idle") return;
    this.#look();
    this.wake();
  }

  /**
   * Stops claiming, lets running jobs end for `grace` milliseconds, then asks them to stop, and gives back what is left: those jobs run
   * again later, and the interrupted try does not count.
   */
  stop(options: { grace?: number | undefined } = {}): Promise<void> {
    if (this.#state === "running") {
      this.#state = "stopping";
      this.#stopping = this.#end(options.grace ?? this.#setting.grace);
    }
    return this.#stopping ?? Promise.resolve();
  }

  async #end(grace: number): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#within(grace, () => this.#running.size === 0);
    for (const attempt of this.#running) attempt.abort("stopping");
    await this.#within(STOP_MS, () => this.#running.size === 0);
    for (const attempt of this.#running) attempt.giveUp();
    // A handler that ignores its signal may run on; its job is given back, and what it still does changes nothing.
    await this.#within(SETTLE_LIMIT_MS, () => this.#unsettled.size === 0);
    this.#halt();
    // A store that does not take the end of this worker keeps nobody from stopping: the others find its lock free.
    await this.#membership
      .leave()
      .catch((error: unknown) => this.#setting.internalError(error, "the end of the worker"));
    this.#state = "idle";
  }

  #halt(): void {
    this.#offCommit?.();
    this.#setting.engine.setTail(undefined);
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#isolation.reset();
    clearInterval(this.#alive);
  }

  /** Ends without settling anything, as a crash would; only the lock is freed, as the kernel would. */
  abandon(): void {
    this.#state = "idle";
    this.#halt();
    this.#membership.drop();
  }

  /** The store is no longer this process's to write: what runs here is lost to it, and it should end. */
  cutOff(): void {
    if (this.#state === "idle") return;
    for (const attempt of this.#running) attempt.abort("lost");
    this.abandon();
    this.#onDrain?.();
  }

  /** True if nothing is left to do and the worker is now marked as stopping; then call `stop`. */
  async retireIfIdle(): Promise<boolean> {
    if (this.id === undefined || this.#running.size > 0) return false;
    return this.#setting.engine.submit("retire", { worker: this.id, types: [...this.#setting.handlers.keys()] });
  }

  #every(name: string, ms: number, act: () => Promise<void>): void {
    const again = () =>
      this.#timers.set(
        name,
        this.#setting.ports.clock.timer(ms, () => {
          void act()
            .catch((error: unknown) => this.#setting.internalError(error, name))
            .finally(() => {
              if (this.#state !== "idle") again();
            });
        }),
      );
    again();
  }

  #wanted(effects: Effects): ClaimInput | null {
    if (this.#state !== "running" || this.#draining || this.id === undefined) return null;
    if (!this.#dirty && !effects.readied) return null;
    if (this.#isolation.alone && this.#suspect?.slotFree === false) return null;
    let busy = 0;
    for (const attempt of this.#running) if (!attempt.slotFree) busy += 1;
    const free = this.#setting.concurrency - busy;
    const types = [...this.#setting.handlers.values()].map(({ type, options }) => ({
      type,
      limit: options.concurrency ?? null,
      rate: options.rate ?? null,
      maxAttempts: maxAttemptsOf(options) ?? DEFAULT_MAX_ATTEMPTS,
      interrupt: options.afterCrash === "interrupt",
    }));
    const { seek } = this.#isolation;
    return { worker: this.id, free, empty: busy === 0, seek, types, shares: this.#shares() };
  }

  #shares(): Record<string, number> | null {
    const shares = this.#setting.pluginConcurrency;
    if (shares === undefined) return null;
    const free = { ...shares };
    for (const { job, slotFree } of this.#running) {
      const plugin = pluginOf(job.type);
      if (!slotFree && plugin !== undefined && free[plugin] !== undefined) free[plugin] -= 1;
    }
    return free;
  }

  #claimed(result: Claimed): void {
    this.#dirty = false;
    if (result.ended) {
      this.#starting = this.#rejoin();
      return;
    }
    this.#timers.get("due")?.();
    if (result.nextDue !== null) {
      const wait = Math.max(0, result.nextDue - this.#setting.ports.clock.now());
      // Long waits are cut: timers of more than 24 days overflow, and the system clock may be set.
      this.#timers.set(
        "due",
        this.#setting.ports.clock.timer(Math.min(wait, 60_000), () => void this.#due()),
      );
    }
    if (result.emptying) this.#isolation.emptying();
    for (const job of result.jobs) this.#run(job);
  }

  async #due(): Promise<void> {
    this.#dirty = true;
    await this.#setting.engine
      .submit("expireRequests", null)
      .catch((error: unknown) => this.#setting.internalError(error, "expiry"));
  }

  #run(job: Claimed["jobs"][number]): void {
    const registered = this.#setting.handlers.get(job.type);
    if (!registered) return;
    const attempt = new Attempt(job, registered, this.#setting, this.#hooks);
    this.#running.add(attempt);
    this.#unsettled.add(attempt);
    if (job.alone !== null) {
      this.#suspect = attempt;
      this.#isolation.began(job.alone, () => this.#passed(attempt));
    }
    const id = publicId(job.id, job.secret);
    const context = createContext(attempt, id, this.#setting.prepareMember);
    try {
      insideHandler.run(job.id, () => attempt.run(context, id));
    } catch (error) {
      this.#setting.internalError(error, `running #${job.id}`);
    }
  }

  /** The suspect has not crashed this worker in its time. */
  #passed({ job }: Attempt): void {
    this.#setting.engine.post("passProbation", job.id, (result) => {
      if (!result.ok) this.#setting.internalError(result.error, `the probation of #${job.id}`);
    });
  }

  readonly #hooks: AttemptHooks = {
    leaving: () => {
      this.#dirty = true;
    },
    settled: (attempt) => {
      this.#unsettled.delete(attempt);
      this.#leave(attempt);
    },
    // One that ends after its outcome was submitted frees its slot now; one that ends before frees it with that very commit.
    handlerEnded: (attempt) => {
      if (attempt.leaving) this.wake();
      this.#leave(attempt);
    },
  };

  /** A handler that does not end keeps its slot, because it still uses the process, although its job is settled. */
  #leave(attempt: Attempt): void {
    if (attempt === this.#suspect && attempt.slotFree) {
      this.#suspect = undefined;
      this.#isolation.ended();
    }
    if (attempt.handlerEnded && !this.#unsettled.has(attempt) && this.#running.delete(attempt) && this.#dirty)
      this.wake();
    this.#progressed?.();
  }

  /** Compares what runs here with what the store says: cancel what was asked to, drop what was taken away. */
  #look(): void {
    const { engine } = this.#setting;
    if (this.id === undefined) return;
    if (this.#running.size > 0) {
      const holding = new Map(engine.queries.holding(this.id).map((row) => [row.id, row]));
      for (const attempt of this.#running) {
        if (attempt.leaving) continue;
        const row = holding.get(attempt.job.id);
        if (row?.fence !== attempt.job.fence) attempt.abort("lost");
        else if (row.control !== CONTROL_NONE) attempt.abort("cancelled");
        else attempt.lookForInput();
      }
    }
    if (!this.#draining && engine.queries.workerState(this.id) === "draining") {
      this.#draining = true;
      this.#onDrain?.();
    }
  }

  async #within(ms: number, done: () => boolean): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#setting.ports.clock.timer(ms, resolve);
      this.#progressed = () => {
        if (!done()) return;
        cancel();
        resolve();
      };
    });
    this.#progressed = undefined;
  }

  async #maintain(): Promise<void> {
    const { engine, retention } = this.#setting;
    this.#setting.lookAtStore();
    if (this.#state !== "running") return;
    let excess = engine.queries.endedOver(retention.maxJobs);
    for (let from: number | null = 0; from !== null && this.#state === "running";) {
      const done: Pruned = await engine.submit("prune", { ...retention, from, excess });
      excess -= done.jobs;
      from = done.next;
    }
    while (this.#state === "running" && (await engine.submit("pruneEvents", retention)).more);
    while (this.#state === "running" && (await engine.submit("pruneKeys", null)).more);
    while (this.#state === "running" && (await engine.submit("pruneStage", null)).more);
  }
}
