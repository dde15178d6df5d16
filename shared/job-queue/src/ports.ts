/** The only sources of time, chance and wake-ups. Tests and the simulation replace them. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly loop: Loop;
  readonly processes: Processes;
  /** Called at named points of the worker; `crash-at-point` tests throw there. Does nothing in production. */
  readonly point: (name: PointName) => void;
  /** Called inside each transaction where the engine may fail; the simulation throws there what SQLite would. Absent in production. */
  readonly fault?: ((at: FaultName) => void) | undefined;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Call back once after `ms`; the returned function cancels. Must not keep the process alive. */
  timer(ms: number, callback: () => void): () => void;
}

/** The event loop of the process: it goes on while a test's clock stands still. Only `after` keeps the process alive. */
export interface Loop {
  /** Milliseconds that only grow, whatever is done to the wall clock. */
  elapsed(): number;
  /** In the next turn. */
  soon(callback: () => void): void;
  after(ms: number, callback: () => void): void;
  /** Again and again; the returned function ends it. */
  every(ms: number, callback: () => void): () => void;
  /** When a file of the folder changed; its name is null when that is not known. Events may be lost. The returned function ends it. */
  watch(folder: string, callback: (file: string | null) => void): () => void;
}

export interface Random {
  /** 0 <= n < 1 */
  fraction(): number;
  bytes(length: number): Uint8Array;
}

/** Processes of this machine, told apart by pid and start time: a pid alone may be another process by now. */
export interface Processes {
  /** When the process began, in the system's own words; undefined if there is none of that pid or the system does not say. */
  startOf(pid: number): string | undefined;
  /** Ends the process at once and resolves when it is gone. False if it is not that process, or cannot be ended from here. */
  end(pid: number, start: string): Promise<boolean>;
}

export type PointName =
  | "before-commit"
  | "after-commit"
  | "before-handler"
  | "after-handler"
  | "before-settle"
  | "after-settle"
  | "before-takeover";

/** After BEGIN; with everything written but the COMMIT; and with the COMMIT done but its answer not yet given. */
export type FaultName = "begin" | "write" | "commit";
