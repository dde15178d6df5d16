import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FaultName, PointName } from "../src/ports.ts";
import type { JobQueue, openJobQueue } from "../src/queue.ts";
import type { History } from "./action.ts";
import { type Chance, chance } from "./chance.ts";
import { act } from "./clients.ts";
import type { Signals, Work } from "./deeds.ts";
import { GRACE_MS, Handlers } from "./handlers.ts";
import { applyEvent } from "./model.ts";
import { Observer } from "./observer.ts";
import { Reader } from "./reader.ts";
import { Shell } from "./shell.ts";
import { CONCURRENCY, type JournalEvent, emptyModel } from "./state.ts";
import { real } from "./trap.ts";

/** The module under test: the queue as it is, or a copy with a planted bug. */
export interface QueueModule extends Signals {
  readonly openJobQueue: typeof openJobQueue;
  readonly isCodedError: (error: unknown) => boolean;
}

export interface Verdict {
  /** What was wrong first; empty when nothing was. */
  readonly wrong: string[];
  /** Of all that happened and the order it happened in. */
  readonly hash: string;
  readonly trace: string[];
}

const SLOTS = 3;
const BEGINNING = Date.UTC(2026, 0, 1);
/** Turns without an end in sight. */
const MOST_TURNS = 3_000;
const HEALING_ROUNDS = 400;
const shared = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What a point throws once its process is dead. */
class Killed extends Error {}

/** How often each fault came to pass at each point, over all histories of this process. */
export const coverage = new Map<string, number>();

/** Several processes on one store, run one turn at a time in an order that the history's seed decides. */
export class World {
  readonly model = emptyModel();
  readonly handlers = new Handlers(this);
  /** The process of each slot; a dead one is replaced. */
  readonly shells: Shell[] = [];
  readonly chance: Chance;
  readonly trace: string[] = [];
  readonly wrong: string[] = [];
  observer!: Observer;
  /** Requests of which somebody was told that his answer counts. */
  readonly decided = new Set<number>();
  labels = 0;
  /** Milliseconds since the beginning. */
  elapsed = 0;
  /** Set by the history: whether `retry --force` can end the process it takes a job from. */
  endable = false;
  healing = false;
  readonly module: QueueModule;
  readonly #history: History;
  readonly #folder = mkdtempSync(join(shared, "brains-sim-"));
  readonly #path = join(this.#folder, "q.db");
  readonly #checks: (() => string | undefined)[] = [];
  readonly #all: Shell[] = [];
  readonly #readers = new Map<number, Reader>();
  #wall = BEGINNING;
  #furthest = BEGINNING;
  #lostPower = false;
  #heal!: () => void;
  /** Handlers that would hang go on from then. */
  readonly healed = new Promise<void>((resolve) => {
    this.#heal = resolve;
  });

  constructor(module: QueueModule, history: History) {
    this.module = module;
    this.#history = history;
    this.chance = chance(history.seed);
  }

  /** Runs the whole history. */
  async run(template: string): Promise<Verdict> {
    try {
      copyFileSync(template, this.#path);
      this.observer = new Observer(this.#path);
      for (let slot = 0; slot < SLOTS; slot++) await this.open(slot);
      for (const action of this.#history.actions) {
        this.note(`do ${JSON.stringify(action)}`);
        await act(this, action);
        await this.turn();
        for (let i = 0; i < action.steps && (await this.step()); i++);
        if (this.wrong.length > 0) break;
      }
      if (this.wrong.length === 0) await this.#heals();
    } finally {
      this.#heal();
      for (const shell of this.#all) if (!shell.dead) this.crash(shell);
      await this.#drained();
      this.observer.close();
      rmSync(this.#folder, { recursive: true, force: true });
    }
    const hash = createHash("sha256").update(this.trace.join("\n")).digest("hex").slice(0, 16);
    return { wrong: this.wrong, hash, trace: this.trace };
  }

  note(what: string): void {
    this.trace.push(`${this.elapsed} ${what}`);
  }

  /** Looked at after what is committed now has become part of the model. */
  later(check: () => string | undefined): void {
    this.#checks.push(check);
  }

  get alive(): Shell[] {
    return this.shells.filter((shell) => !shell.dead && shell.queue !== undefined);
  }

  get now(): number {
    return this.#wall;
  }

  /** Puts a fresh process in the place of a dead one. */
  async open(slot: number): Promise<void> {
    const name = this.#all.length;
    const shell = new Shell(name, slot < SLOTS - 1, chance(this.#history.seed ^ (name * 7_919 + 1)), {
      elapsed: () => this.elapsed,
      wall: () => Math.floor(this.#wall),
      point: (at, point) => this.#point(at, point),
      fault: (at, fault) => this.#fault(at, fault),
      endProcess: (start) => this.#end(start),
    });
    this.#all.push(shell);
    this.shells[slot] = shell;
    const queue = await this.module.openJobQueue({
      path: this.#path,
      ports: shell.ports,
      concurrency: 3,
      grace: GRACE_MS,
      retention: { maxJobs: 25 },
      onInternalError: (error, where) => {
        if (!shell.dead && !this.module.isCodedError(error) && !(error instanceof Killed)) {
          this.wrong.push(`shell ${shell.name}, ${where}: ${String(error)}`);
        }
      },
    });
    shell.queue = queue;
    queue.registerHandler<Work, unknown>(
      "op",
      { process: (data, _id, job) => this.handlers.perform(shell, data, job) },
      { concurrency: CONCURRENCY, backoff: { delay: 500, jitter: 0 } },
    );
    // Not everybody reads: what an event is about costs more than most of what else happens here.
    if (slot > 0) {
      const reader = this.#readers.get(slot) ?? new Reader(`the reader at ${slot}`, this.observer.seq);
      this.#readers.set(slot, reader);
      await reader.follow(queue);
    }
    this.note(`shell ${name} is open`);
    if (shell.works) this.start(shell);
  }

  start(shell: Shell): void {
    const queue = shell.queue as JobQueue;
    queue.start().catch((error: unknown) => {
      if (!shell.dead && !this.module.isCodedError(error))
        this.wrong.push(`start of shell ${shell.name}: ${String(error)}`);
    });
  }

  /** As kill -9 does. */
  crash(shell: Shell): void {
    if (shell.dead) return;
    this.note(`shell ${shell.name} is dead`);
    shell.kill();
    shell.queue?.crash();
    this.handlers.die(shell);
  }

  /** One turn of one process's event loop. False when none has anything to do. */
  async step(): Promise<boolean> {
    const runnable = this.alive.filter((shell) => shell.runnable);
    const shell = runnable[this.chance.below(Math.max(1, runnable.length))];
    if (!shell) return false;
    const task = shell.next(this.chance);
    this.note(`shell ${shell.name}: ${task.what}`);
    try {
      task.run();
    } catch (error) {
      if (!shell.dead) this.wrong.push(`shell ${shell.name} ended of: ${String(error)}`);
    }
    await this.turn(shell);
    return this.wrong.length === 0;
  }

  /** What follows from what was done just now happens, and is looked at. */
  async turn(by?: Shell): Promise<void> {
    await this.#drained();
    if (by?.doomed) this.crash(by);
    this.#look(by?.name ?? -1);
    if (!this.#lostPower) return;
    await this.power();
    this.#look(-1);
  }

  /** Until nobody has anything to do at this moment. */
  async settle(): Promise<void> {
    let turns = 0;
    while (await this.step()) {
      if (++turns > MOST_TURNS)
        return void this.wrong.push(`after ${turns} turns there is still something to do at once`);
    }
  }

  /** Time passes, and every timer fires when it is due. */
  async advance(ms: number): Promise<void> {
    const until = this.elapsed + ms;
    for (;;) {
      await this.settle();
      if (this.wrong.length > 0) return;
      const due = Math.min(...this.alive.map((shell) => shell.due ?? Number.POSITIVE_INFINITY));
      if (due > until) break;
      this.#pass(Math.max(0, due - this.elapsed));
    }
    this.#pass(until - this.elapsed);
    await this.settle();
  }

  /** The machine sleeps: time passes, and what was due fires once, late. */
  async jump(ms: number): Promise<void> {
    this.#pass(ms);
    await this.settle();
  }

  /** Somebody sets the wall clock. */
  setWall(ms: number): void {
    this.#wall += ms;
    this.#furthest = Math.max(this.#furthest, this.#wall);
  }

  /** The machine loses its power: what was synced is there, with the torn beginning of a transaction behind it. */
  async power(): Promise<void> {
    this.#lostPower = false;
    this.note("the power fails");
    // Before the processes end, because the last of them tidies up.
    const kept = ["", "-wal"].flatMap((ending) => {
      const file = `${this.#path}${ending}`;
      return existsSync(file) ? [{ file, bytes: readFileSync(file) }] : [];
    });
    this.observer.close();
    for (const shell of this.alive) this.crash(shell);
    rmSync(`${this.#path}-shm`, { force: true });
    const torn = this.chance.bytes(this.chance.below(9_000));
    for (const { file, bytes } of kept) {
      writeFileSync(file, file.endsWith("-wal") && bytes.length > 0 ? Buffer.concat([bytes, torn]) : bytes);
    }
    this.observer = new Observer(this.#path);
    for (let slot = 0; slot < SLOTS; slot++) await this.open(slot);
  }

  gone = (name: number): boolean => this.#all[name]?.dead === true || this.#all[name]?.stopping === true;

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      real.setImmediate(resolve);
    });
  }

  #pass(ms: number): void {
    this.elapsed += ms;
    this.setWall(ms);
    for (const shell of this.alive) shell.ring();
  }

  #look(by: number): void {
    if (this.observer.changed) {
      const facts = this.observer.facts(by, this.handlers.outcomeOf, this.gone);
      for (const event of this.observer.journal(this.model.seq)) {
        this.note(
          `shell ${by}: ${event.kind === 0 ? "job" : "batch"} ${event.id} ${event.change} ${event.run} ${event.state} at ${event.at}`,
        );
        const wrong = applyEvent(this.model, event, facts);
        if (wrong) this.wrong.push(wrong);
      }
      this.wrong.push(...this.observer.differences(this.model, this.#wall));
    }
    for (const check of this.#checks.splice(0)) {
      const wrong = check();
      if (wrong) this.wrong.push(wrong);
    }
  }

  #point(shell: Shell, point: PointName): void {
    if (shell.dead) return;
    const trap = shell.traps.find((each) => each.point === point);
    if (!trap || --trap.left > 0) return;
    shell.traps.splice(shell.traps.indexOf(trap), 1);
    count(`${trap.power ? "power" : "crash"} ${point}`);
    this.note(`shell ${shell.name} is at ${point}`);
    this.#lostPower ||= trap.power;
    this.crash(shell);
    throw new Killed(`dead at ${point}`);
  }

  #fault(shell: Shell, at: FaultName): void {
    if (shell.dead) return;
    if (at === "begin" && this.observer.lockIsFree) {
      this.wrong.push(`a transaction of shell ${shell.name} began, and another process could still write`);
    }
    const { failing } = shell;
    const fail = (how: keyof typeof failing, code: string) => {
      failing[how] -= 1;
      count(how);
      this.note(`shell ${shell.name}: ${how}`);
      throw Object.assign(new Error(`simulated ${code}`), { code });
    };
    // The disk goes on to fail until the crash that shows what became of its last COMMIT.
    if (at === "begin" && shell.doomed) throw Object.assign(new Error("simulated"), { code: "SQLITE_IOERR_WRITE" });
    if (at === "begin" && failing.busy > 0) fail("busy", "SQLITE_BUSY");
    if (at === "write" && failing.full > 0) fail("full", "SQLITE_FULL");
    if (at === "write" && failing["io-undone"] > 0) fail("io-undone", "SQLITE_IOERR_WRITE");
    if (at === "commit" && failing["io-done"] > 0) {
      // Only after a crash can a failed COMMIT turn out to have been done.
      shell.doomed = true;
      fail("io-done", "SQLITE_IOERR_FSYNC");
    }
  }

  #end(start: string): boolean {
    const shell = this.#all.find((each) => `shell-${each.name}` === start);
    if (!shell || !this.endable) return false;
    this.crash(shell);
    return true;
  }

  /** Nothing fails or hangs any more and people answer: whatever can end does, and nothing is left of the dead. */
  async #heals(): Promise<void> {
    this.note("heal");
    this.healing = true;
    this.setWall(this.#furthest - this.#wall);
    this.#heal();
    for (const shell of this.alive) {
      shell.paused = false;
      shell.traps.length = 0;
      Object.assign(shell.failing, { busy: 0, full: 0, "io-undone": 0, "io-done": 0 });
    }
    for (let round = 0; round < HEALING_ROUNDS && this.wrong.length === 0; round++) {
      for (const [slot, shell] of this.shells.entries()) {
        if (shell.dead) await this.open(slot);
        else if (shell.works && !shell.stopping && shell.queue?.worker.state === "idle") this.start(shell);
      }
      await act(this, { do: "answer", on: 0, steps: 0 });
      await this.jump(500);
      if (this.observer.active().length === 0 && round > 3) break;
    }
    await this.jump(500);
    if (this.wrong.length > 0) return;
    this.wrong.push(...this.observer.active().map((left) => `after healing ${left}`));
    for (const { id, start } of this.observer.workers()) {
      if (this.#all.find((shell) => `shell-${shell.name}` === start)?.dead)
        this.wrong.push(`worker ${id} is dead, and the store takes it for living`);
    }
    const there = ({ kind, id }: JournalEvent) => (kind === 0 ? this.model.jobs.has(id) : this.model.batches.has(id));
    for (const reader of this.#readers.values())
      this.wrong.push(...reader.wrong((after) => this.observer.journal(after), there));
  }
}

function count(what: string): void {
  coverage.set(what, (coverage.get(what) ?? 0) + 1);
}
