import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Database } from "./sqlite.ts";

/** How often the store is looked at when no file event came: events may be lost or come before the commit can be seen. */
const FALLBACK_MS = 100;

/**
 * Rings when another process has committed. File events are only a hint to look; `data_version` tells whether somebody else wrote
 * (own commits do not change it; reading it costs a few microseconds).
 */
export class Doorbell {
  readonly #db: Database;
  readonly #ring: () => void;
  readonly #internalError: (error: unknown, where: string) => void;
  #version: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Database, path: string, ring: () => void, internalError: (error: unknown, where: string) => void) {
    this.#db = db;
    this.#ring = ring;
    this.#internalError = internalError;
    this.#version = this.#read();
    if (path === ":memory:") return;
    const wal = `${basename(path)}-wal`;
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, file) => {
        if (file === null || file === wal) this.#look();
      });
      // Out of watches, or a folder that went away: the timer is enough.
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
    this.#timer = setInterval(() => this.#look(), FALLBACK_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  #read(): number {
    return this.#db.pragma("data_version", { simple: true }) as number;
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
