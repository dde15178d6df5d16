/** The only sources of time, chance and wake-ups. Tests and the simulation replace them. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
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

export type PointName =
  | "before-commit"
  | "after-commit"
  | "before-handler"
  | "after-handler"
  | "before-settle"
  | "after-settle"
  | "before-takeover";
