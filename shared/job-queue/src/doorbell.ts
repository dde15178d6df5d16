import { basename, dirname } from "node:path";
import type { Loop } from "./ports.ts";
import type { Database } from "./sqlite.ts";

/** How often the store is looked at when no file event came: events may be lost or come before the commit can be seen. */
const FALLBACK_MS = 100;
/** A file event comes with a write, before its commit can be seen: a writer may be paused in between. So it is looked again for a while. */
const LOOK_MS = 3;
const LOOKS = 20;
/** So many own commits within `BURST_MS` are a burst. */
const BURST_COMMITS = 16;
const BURST_MS = 20;

/**
 * Rings when another process has committed. File events are only a hint to look; `data_version` tells whether somebody else wrote (own
 * commits do not change it). Own commits make file events too, which cost more than the commit: in a burst of them the watch is closed
 * and the version looked at after each own commit instead, which costs next to nothing.
 */
export class Doorbell {
  readonly #db: Database;
  readonly #dataVersion: { get(): unknown };
  readonly #path: string;
  readonly #ring: () => void;
  readonly #internalError: (error: unknown, where: string) => void;
  #version: number;
  readonly #loop: Loop;
  #unwatch: (() => void) | undefined;
  #stopTimer: (() => void) | undefined;
  #stopBurst: (() => void) | undefined;
  #stopLooks: (() => void) | undefined;
  #looks = 0;
  #commits = 0;
  #since = 0;

  constructor(
    db: Database,
    path: string,
    loop: Loop,
    ring: () => void,
    internalError: (error: unknown, where: string) => void,
  ) {
    this.#db = db;
    this.#dataVersion = db.prepare("PRAGMA data_version").pluck();
    this.#path = path;
    this.#loop = loop;
    this.#ring = ring;
    this.#internalError = internalError;
    this.#version = this.#read();
    if (path === ":memory:") return;
    this.#watch();
    this.#stopTimer = loop.every(FALLBACK_MS, () => this.#look());
  }

  /** This process has committed. */
  ownCommit(): void {
    if (this.#stopTimer === undefined) return;
    if (this.#stopBurst !== undefined) {
      this.#commits += 1;
      this.#look();
      return;
    }
    const now = this.#loop.elapsed();
    if (now - this.#since > BURST_MS) {
      this.#since = now;
      this.#commits = 0;
    }
    if (++this.#commits < BURST_COMMITS) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#commits = 0;
    this.#stopBurst = this.#loop.every(BURST_MS, () => this.#calm());
  }

  stop(): void {
    this.#unwatch?.();
    this.#stopTimer?.();
    this.#stopBurst?.();
    this.#stopLooks?.();
    this.#stopTimer = undefined;
  }

  /** Ends the burst when the last window had few commits: watch first, then look, so that nothing falls in between. */
  #calm(): void {
    const busy = this.#commits >= BURST_COMMITS;
    this.#commits = 0;
    if (!busy) {
      this.#stopBurst?.();
      this.#stopBurst = undefined;
      this.#watch();
    }
    this.#look();
  }

  #watch(): void {
    const wal = `${basename(this.#path)}-wal`;
    // Where there is no watch the timer is enough.
    this.#unwatch = this.#loop.watch(dirname(this.#path), (file) => {
      if ((file === null || file === wal) && !this.#look()) this.#keepLooking();
    });
  }

  #keepLooking(): void {
    this.#looks = LOOKS;
    this.#stopLooks ??= this.#loop.every(LOOK_MS, () => {
      this.#looks -= 1;
      if (!this.#look() && this.#looks > 0) return;
      this.#stopLooks?.();
      this.#stopLooks = undefined;
    });
  }

  #read(): number {
    return this.#dataVersion.get() as number;
  }

  /** True if somebody else had written. */
  #look(): boolean {
    if (!this.#db.open || this.#db.inTransaction) return false;
    // Called by a timer: what is thrown here would end the process. The version is kept only after the ring, so a failed one is repeated.
    try {
      const version = this.#read();
      if (version === this.#version) return false;
      this.#ring();
      this.#version = version;
      return true;
    } catch (error) {
      this.#internalError(error, "the doorbell");
      return false;
    }
  }
}
