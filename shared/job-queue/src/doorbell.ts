import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Database } from "./sqlite.ts";

/** How often the store is looked at when no file event came: events may be lost or come before the commit can be seen. */
const FALLBACK_MS = 100;
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
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #burst: NodeJS.Timeout | undefined;
  #commits = 0;
  #since = 0;

  constructor(db: Database, path: string, ring: () => void, internalError: (error: unknown, where: string) => void) {
    this.#db = db;
    this.#dataVersion = db.prepare("PRAGMA data_version").pluck();
    this.#path = path;
    this.#ring = ring;
    this.#internalError = internalError;
    this.#version = this.#read();
    if (path === ":memory:") return;
    this.#watch();
    this.#timer = setInterval(() => this.#look(), FALLBACK_MS);
    this.#timer.unref();
  }

  /** This process has committed. */
  ownCommit(): void {
    if (this.#timer === undefined) return;
    if (this.#burst !== undefined) {
      this.#commits += 1;
      this.#look();
      return;
    }
    const now = performance.now();
    if (now - this.#since > BURST_MS) {
      this.#since = now;
      this.#commits = 0;
    }
    if (++this.#commits < BURST_COMMITS) return;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#commits = 0;
    this.#burst = setInterval(() => this.#calm(), BURST_MS);
    this.#burst.unref();
  }

  stop(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
    clearInterval(this.#burst);
    this.#timer = undefined;
  }

  /** Ends the burst when the last window had few commits: watch first, then look, so that nothing falls in between. */
  #calm(): void {
    const busy = this.#commits >= BURST_COMMITS;
    this.#commits = 0;
    if (!busy) {
      clearInterval(this.#burst);
      this.#burst = undefined;
      this.#watch();
    }
    this.#look();
  }

  #watch(): void {
    const wal = `${basename(this.#path)}-wal`;
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, file) => {
        if (file === null || file === wal) this.#look();
      });
      // Out of watches, or a folder that went away: the timer is enough.
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  #read(): number {
    return this.#dataVersion.get() as number;
  }

  #look(): void {
    if (!this.#db.open || this.#db.inTransaction) return;
    // Called by a timer: what is thrown here would end the process. The version is kept only after the ring, so a failed one is repeated.
    try {
      const version = this.#read();
      if (version === this.#version) return;
      this.#ring();
      this.#version = version;
    } catch (error) {
      this.#internalError(error, "the doorbell");
    }
  }
}
