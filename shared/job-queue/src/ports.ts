/** The only sources of time, chance and wake-ups. Tests and the simulation replace them. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Called at named points of the worker; `crash-at-point` tests throw there. Does nothing in production. */
  readonly point: (name: PointName) => void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Call back once after `ms`; the returned function cancels. Must not keep the process alive. */
  timer(ms: number, callback: () => void): () => void;
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
