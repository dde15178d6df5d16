import type { Wrong } from "./inspect.ts";

export interface StormOptions {
  /** Do what the storm does for at least this long. */
  readonly seconds?: number | undefined;
  readonly seed?: number | undefined;
}

/** What a storm found. Every count under `wrong` must be 0; the other figures are what it measured. */
export interface Outcome {
  readonly seed: number;
  readonly wrong: Readonly<Partial<Wrong>> & Readonly<Record<string, number>>;
  readonly [figure: string]: unknown;
}

/** Something the storm needs is not on this machine. The message says what. */
export class StormImpossible extends Error {}

export type Storm = (options: StormOptions) => Promise<Outcome>;

export const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** The promises that were broken, by name. */
export function broken(outcome: Outcome): string[] {
  return Object.entries(outcome.wrong).flatMap(([name, count]) => (count === 0 ? [] : [name]));
}

export function stopwatch(): () => number {
  const began = performance.now();
  return () => Math.round((performance.now() - began) / 100) / 10;
}
