/** What a measurement gives: figures by key, as described in the benchmark's `figures`. */
export type Measured = Record<string, number>;

export interface Figure {
  readonly label: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
}

/** How a store or a server keeps what it acknowledged: `power` survives the machine, `process` only the process. */
export type Durability = "process" | "power";

/** What one measurement gets. */
export interface Tools {
  /** Empty, on the disk of the checkout, removed afterwards. */
  readonly folder: string;
  /** The same for all measurements of this variant: what takes long to build may stay here. */
  readonly kept: string;
  /** Operations to measure. */
  readonly count: number;
  readonly servers: Servers;
}

/** Where the servers of the peers listen; absent if they could not be had. */
export interface Servers {
  readonly redis?: { readonly port: number } | undefined;
  readonly postgres?: { readonly url: string } | undefined;
}

/** `tiny` is for the test that the benchmarks still run. */
export type Size = "full" | "quick" | "tiny";

/** One named benchmark: what is done, for whom, and what comes out. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What is done and with which settings, for the page. */
  readonly description: string;
  /** Who or what is measured, in the order of the table. */
  readonly variants: (size: Size) => readonly string[];
  /** The first figure is the one that ratios are made of. */
  readonly figures: Readonly<Record<string, Figure>>;
  /** What it is meant to reach. */
  readonly aims?: readonly Aim[] | undefined;
  readonly size:
    | { readonly kind: "timed"; readonly start: number; readonly most: number }
    | { readonly kind: "fixed"; readonly full: number; readonly quick: number; readonly tiny: number };
  /** Default: what the command line says. */
  readonly rounds?: number | undefined;
  /** Variants that are others' or the baseline, and not this queue under other conditions. */
  readonly contest?: boolean | undefined;
  readonly measure: (variant: string, tools: Tools) => Promise<Measured>;
}

export interface Aim {
  readonly words: string;
  /** What was found, from the medians; NaN if it was not measured. */
  readonly value: (medians: Medians) => number;
  readonly reached: (value: number) => boolean;
}

/** Medians of all rounds: by variant, then by figure. */
export type Medians = ReadonlyMap<string, Measured>;

/** First figure of `variant` over that of `base`; more is better. NaN if one of them was not measured. */
export function ratio(benchmark: Benchmark, medians: Medians, variant: string, base: string): number {
  const [key, figure] = Object.entries(benchmark.figures)[0] as [string, Figure];
  const [mine, theirs] = [medians.get(variant)?.[key] ?? NaN, medians.get(base)?.[key] ?? NaN];
  return figure.better === "higher" ? mine / theirs : theirs / mine;
}
