/** What a process of a storm is told as its only argument, as JSON. */
export interface CrewSetting {
  readonly folder: string;
  /** Of the store. */
  readonly path: string;
  readonly durability: "power" | "process";
  readonly concurrency?: number;
  /** A producer goes on when the disk is full or the store busy. */
  readonly tolerant?: boolean;
  /** A producer enqueues delayed jobs too. */
  readonly delays?: boolean;
  /** Every fourth job of a producer waits so many milliseconds. */
  readonly hold?: number;
  /** Characters that most jobs of a producer carry for nothing. */
  readonly filler?: number;
  /** Writes long gaps of its event loop to a ledger. */
  readonly gaps?: boolean;
  /** A worker keeps ended work for a thousand years, whatever the clock says. */
  readonly keeps?: boolean;
  /** A worker writes to the ledger how jobs ended, as soon as it knows. */
  readonly tells?: boolean;
}

/** What a job of a storm does. */
export interface StormWork {
  readonly fail?: boolean;
  readonly steps?: boolean;
  /** Takes two thousand turns of the event loop. */
  readonly long?: boolean;
  /** Milliseconds that it waits. */
  readonly hold?: number;
  readonly poison?: Poison;
}

export const POISONS = ["exit", "abort", "segfault", "memory", "loop"] as const;
export type Poison = (typeof POISONS)[number];

export function readSetting(): CrewSetting {
  return JSON.parse(process.argv[2] ?? "{}") as CrewSetting;
}
